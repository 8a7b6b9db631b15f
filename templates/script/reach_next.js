// The next step after an answer of the reach box: the commands that close the destination, or what settles an unknown.
const BY_MODE = "AllowInternetOutbound";
const isRemovable = ({ content }) => ["", "userdefined"].includes(contentOf(content, "category").toLowerCase());

// Fill in the az text of a fix for a workspace, or for its hub if `workspace` is a Project.
function filledFor(template, workspace, rule = "") {
  const id = idOf(workspace);
  const values = { workspace: nameOf(workspace), resource_group: valueOf(workspace, "resource_group") ?? "", subscription_id: valueOf(workspace, "subscription_id") ?? "", workspace_id: id, rule, rule_id: `${id}/outboundRules/${rule}` };
  return template.replace(/\{\{(\w+)\}\}/g, (_, name) => shellWord(values[name]));
}

// What opens the destination of an answer: its isolation mode, rules of the customer, rules of Azure's own.
function openersOf({ mode, openings }) {
  const rules = openings.filter(isRemovable);
  return { isByMode: isInternet(mode), rules, kept: openings.filter((each) => !rules.includes(each)) };
}

function waysIn(answer) {
  const { isByMode, rules, kept } = openersOf(answer);
  return [isByMode ? "mode" : "", rules.length ? "rules" : "", kept.length ? "kept" : ""].filter(Boolean).join(" ");
}

const WORDS = { mode: () => "by their isolation mode", rules: (isOne) => (isOne ? "by an outbound rule" : "by outbound rules"), kept: () => "by rules of Azure's own" };
const OF_ONE = { mode: "by its isolation mode" };

// In words: how the workspaces of a group get to the destination, why, and what the commands do about it.
function wayInWords(way, answers) {
  const parts = way.split(" ");
  const isOne = answers.length === 1;
  const isOneRule = isOne && openersOf(answers[0]).rules.length === 1;
  const words = parts.map((part) => (isOne && OF_ONE[part]) || WORDS[part](isOneRule));
  const isByMode = parts.includes("mode");
  const why = !isByMode ? "" : `${BY_MODE} opens every public address.${parts.length > 1 ? " The rules may open it in the stricter mode too." : ""}`;
  return { by: listed(words), why, closing: closingOf(parts, isOneRule) };
}

const listed = (words) => (words.length < 3 ? words.join(" and ") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`);

function closingOf(parts, isOneRule) {
  const [isByMode, hasRules, isKept] = ["mode", "rules", "kept"].map((part) => parts.includes(part));
  const steps = [isByMode ? "change the mode to AllowOnlyApprovedOutbound" : "", hasRules ? `remove the ${isOneRule ? "rule" : "rules"}` : ""].filter(Boolean);
  return [
    steps.length ? `To close it, ${steps.join(" and ")}.` : "No command of this page closes it: Azure itself adds these rules to the network.",
    isByMode ? `Azure cannot change the mode back. ${engine.fixes.needs}` : "",
    steps.length && isKept ? "The rules of Azure's own stay." : "",
  ].filter(Boolean).join(" ");
}

function closingCommands(answer) {
  const { isByMode, rules } = openersOf(answer);
  const owner = workspaces.network[answer.workspace] < 0 ? answer.workspace : workspaces.network[answer.workspace];
  return [...(isByMode ? [filledFor(engine.fixes.mode, owner)] : []), ...rules.map(({ name }) => filledFor(engine.fixes.rule, owner, name))].join("\n");
}

// What settles an unknown answer: a sentence, and a command or "".
function settlingOf(answer, typed) {
  const { workspace, kind, rule, destination } = answer;
  const owner = workspaces.network[workspace];
  const show = (template) => (owner < 0 ? "" : filledFor(engine.fixes[template], owner, rule));
  const ask = `azml-audit reach ${shellWord(nameOf(workspace))} ${shellWord(typed)}`;
  const steps = {
    off: ["Ask the owner of the network that the computes use. Its route table, network security group and firewall decide, and azml-audit does not read them.", ""],
    mode: unreadHub(workspace) ?? ["Look at the managed network that Azure reports.", show("network")],
    rules: gapOf(owner) ?? ["List the outbound rules with an identity that may read them, and scan again.", show("rules")],
    conflict: [`Remove ${listed(openersOf(answer).rules.map(({ name }) => name)) || rule}, and no rule opens it.`, closingCommands(answer)],
    public: ["Ask for the public part of the network alone.", ""],
    private: ["Ask with the resource id behind the address, such as that of a storage account.", ""],
    value: ["Look at the rule that Azure reports.", show("shown")],
    part: ["Ask for the part alone.", ""],
    addresses: ["Microsoft publishes the addresses of service tags in a file. Download it and ask with it.", `${ask} --service-tags FILE`],
    tag: ["Ask with a host or an address of the service.", ""],
    host: ["Look up the host from a compute of the workspace, and ask with its address.", destination.kind === "host" && !isWildcard(destination.name) ? `nslookup ${shellWord(destination.name)}` : ""],
    target: ["Ask with the resource id of the target.", targetOf(owner, rule, ask)],
    undecided: ["Ask for a narrower destination.", ""],
  };
  return steps[kind] ?? steps.undecided;
}

function targetOf(owner, rule, ask) {
  const found = owner < 0 ? null : ownRulesOf(owner).find(({ name }) => name === rule);
  const id = found && contentOf(found.content, "service_resource_id");
  return id ? `${ask.slice(0, ask.lastIndexOf(" "))} ${shellWord(`${id}#${contentOf(found.content, "subresource_target")}`)}` : "";
}

// A Project whose hub was not read: the hub decides.
function unreadHub(workspace) {
  const hub = valueOf(workspace, "hub_resource_id");
  if (!hub || workspaces.network[workspace] >= 0) return null;
  const of = facts.unread.find(({ id }) => hub.toLowerCase().startsWith(`/subscriptions/${id.toLowerCase()}/`));
  return [`Read its hub ${hub.split("/").pop()}, whose network decides${of ? `. It is in ${of.name}, which was not read` : ""}.`, of?.command ?? ""];
}

function gapOf(owner) {
  const gap = owner < 0 ? undefined : rowsOf("gaps", owner, "closes").map(([closes]) => closes).find(Boolean);
  return gap === undefined ? null : [gap, ""];
}
