// The findings of a workspace, grouped by the resource they are about, with consequences under their cause.
const LANGUAGES = ["Azure CLI", "Bicep", "Terraform"];

function groupsOf(workspace) {
  const findings = numbersOf("findings", workspace).filter((finding) => judgementOf(finding)[0] >= 0);
  const consequences = findings.filter((finding) => judgementOf(finding)[1] === CONSEQUENCE);
  const causes = findings.filter((finding) => !consequences.includes(finding));
  const under = new Map(causes.map((finding) => [finding, []]));
  const inherited = [];
  // The cause of a consequence may be one itself. A finding that repeats its hub's has its cause there.
  const causeOf = (finding) => {
    const of = findings.filter((each) => each !== finding && checkOf(each) === judgementOf(finding)[3] && checkOf(each) !== checkOf(finding));
    const cause = of.find((each) => facts.findings.resource[each] === facts.findings.resource[finding]) ?? of[0];
    return cause !== undefined && consequences.includes(cause) ? causeOf(cause) : cause;
  };
  for (const finding of consequences) (under.get(causeOf(finding)) ?? inherited).push(finding);
  const groups = new Map();
  for (const cause of causes) {
    const resource = text(facts.findings.resource[cause]) ?? "";
    if (!groups.has(resource)) groups.set(resource, []);
    groups.get(resource).push(cause);
  }
  const weight = (finding) => 10 * [VIOLATED, UNDETERMINED, WAIVED].indexOf(judgementOf(finding)[1]) + judgementOf(finding)[0];
  const listed = [...groups].map(([resource, list]) => ({ resource, list: list.sort((one, other) => weight(one) - weight(other)) }));
  listed.sort((one, other) => weight(one.list[0]) - weight(other.list[0]) || (one.resource < other.resource ? -1 : 1));
  return { groups: listed, under, inherited };
}

// "5 violations, 2 of which follow from another. 20 Projects inherit them.", "" if nothing follows.
function followingOf(workspace, groups, under) {
  const causes = groups.flatMap(({ list }) => list).filter((finding) => judgementOf(finding)[1] === VIOLATED);
  const followers = causes.flatMap((cause) => under.get(cause)).filter((finding) => facts.statuses[facts.answers.status[facts.findings.answer[finding]]] === "fail");
  const following = followers.length;
  const projects = workspaces.network.flatMap((network, at) => (network === workspace && at !== workspace ? [at] : []));
  const repeated = new Set(projects.flatMap((each) => numbersOf("findings", each)).filter((finding) => judgementOf(finding)[3] === checkOf(finding)).map(checkOf));
  const more = following ? `, ${following.toLocaleString("en")} of which ${following === 1 ? "follows" : "follow"} from another` : "";
  const shared = [...causes, ...followers].filter((finding) => repeated.has(checkOf(finding))).length;
  const them = shared === causes.length + following ? "them" : `${shared.toLocaleString("en")} of them`;
  if (!causes.length || !(following || shared)) return "";
  return `${counted(causes.length + following, "violation", "violations")}${more}.${shared ? ` ${counted(projects.length, "Project inherits", "Projects inherit")} ${them}.` : ""}`;
}

function findingsOf(workspace) {
  const { groups, under, inherited } = groupsOf(workspace);
  const tally = facts.workspaces.tallies[policy];
  const quiet = tally ? `${counted(tally.passed[workspace], "check passes", "checks pass")} and ${tally.inapplicable[workspace].toLocaleString("en")} do not apply.` : "No policy was applied.";
  const following = followingOf(workspace, groups, under);
  return element("div", { class: "findings" }, following ? element("p", { class: "faint" }, following) : null,
    groups.map(({ resource, list }) => element("section", { class: "group" },
      element("h4", {}, groupTitle(resource, workspace)), list.map((finding) => findingOf(finding, workspace, under.get(finding))))),
    inherited.length ? element("section", { class: "group" }, element("h4", {}, "Inherited from its hub"), inherited.map((finding) => findingOf(finding, workspace, []))) : null,
    element("p", { class: "faint" }, quiet, acceptanceOf(workspace) ? element("bdi", {}, ` This workspace ${acceptanceOf(workspace)}.`) : null));
}

function groupTitle(resource, workspace) {
  const parts = resource.split("/").filter(Boolean);
  if (!parts.length) return "The workspace itself";
  const kinds = { outboundRules: "Rule", computes: "Compute", onlineEndpoints: "Endpoint", privateEndpointConnections: "Private endpoint connection", storageAccounts: "Storage account", vaults: "Key vault", registries: "Registry", components: "Application Insights" };
  const kind = kinds[parts.at(-2)] ?? "";
  const rule = parts[0] === "outboundRules" ? rulesOf(workspace).find(({ name }) => name === parts[1]) : null;
  const where = rule ? ["to ", isolated(contentOf(rule.content, "destination"), "id"), `, ${facts.rules.classes[rule.content]}`] : [];
  return element("span", {}, kind, " ", isolated(parts.at(-1)), " ", where);
}

function findingOf(finding, workspace, consequences) {
  const answer = facts.findings.answer[finding];
  const [rank, verdict, waiver] = judgementOf(finding);
  const check = facts.checks[checkOf(finding)];
  const word = facts.severities[rank];
  const status = facts.statuses[facts.answers.status[answer]];
  const of = (column) => text(facts.answers[column][answer]);
  const id = findingId(finding, workspace);
  const kind = verdict === WAIVED ? "waived" : status;
  const rows = [["Waived", text(waiver)], ["Open", sinceOf(finding)], ["Found", of("observed")], ["Wanted", of("expected")]].filter(([, value]) => value);
  return element("article", { class: "finding " + kind, id: "finding-" + id },
    element("header", {}, verdict === WAIVED ? state("waived") : status === "fail" ? severity(word) : element("span", {}, state(status), " ", severity(word)),
      element("b", {}, check.title), element("a", { href: "#check-" + check.id, class: "checkid" }, check.id),
      element("a", { class: "anchor", href: "#finding-" + id, "aria-label": `Link to this finding, ${check.id}` }, "#")),
    element("p", {}, breakable(of("reason") ?? "")),
    element("dl", { class: "facts" }, rows.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, breakable(value))))),
    consequences.length ? element("details", { class: "follows" }, element("summary", {}, counted(consequences.length, "finding follows", "findings follow") + " from this"),
      element("ul", {}, consequences.map((each) => element("li", { id: "finding-" + findingId(each, workspace) }, element("span", { class: "checkid" }, facts.checks[checkOf(each)].id), " ", facts.checks[checkOf(each)].title, ": ", breakable(text(facts.answers.reason[facts.findings.answer[each]]) ?? ""))))) : null,
    fixOf(check, facts.findings.fix[finding], resourceOf(finding, workspace)), decidingOf(finding, workspace, check));
}

// Since when a violation is open, from the earlier runs of the archive.
const sinceOf = (finding) => text(facts.findings.since?.[finding]);

function fixOf(check, fix, resource) {
  const waive = copyButton("Copy as waiver", () => waiverOf(check.id, resource));
  if (fix < 0) return element("p", { class: "buttons" }, waive);
  const pre = element("pre", { tabindex: "0" });
  const texts = check.texts[facts.fixes[fix][0]];
  let language = texts.findIndex(Boolean);
  const tabs = LANGUAGES.map((name, at) => (texts[at] ? element("button", { type: "button", on: { click: () => { language = at; show(); } } }, name) : null));
  const show = () => {
    tabs.forEach((tab, at) => tab?.setAttribute("aria-pressed", String(at === language)));
    pre.textContent = filledIn(check, fix, language);
  };
  show();
  return element("details", { class: "fix" }, element("summary", {}, "Fix: " + check.summary),
    check.caution ? element("p", { class: "caution" }, element("strong", {}, "Before you run this: "), check.caution) : null,
    element("div", { class: "buttons" }, tabs, copyButton("Copy", () => pre.textContent), waive), pre);
}

// The values that decide, as JSON, and the command that shows the answers of Azure, which are in the evidence bundle.
function decidingOf(finding, workspace, check) {
  const resource = text(facts.findings.resource[finding]) ?? "";
  const rule = resource.startsWith("/outboundRules/") ? rulesOf(workspace).find(({ name }) => name === resource.split("/")[2]) : null;
  const values = {};
  for (const read of check.reads) {
    const [table, column] = read.split(".");
    if (table === "workspaces" && column in workspaces && Array.isArray(workspaces[column])) values[column] = valueOf(workspace, column);
    if (table === "outbound_rules" && rule && column in facts.rules.contents) values[column] = text(facts.rules.contents[column][rule.content]);
  }
  if (!Object.keys(values).length && !facts.sealed) return null;
  return element("details", { class: "fix" }, element("summary", {}, "What decides"),
    Object.keys(values).length ? element("pre", { tabindex: "0" }, JSON.stringify(values, null, 2)) : null,
    facts.sealed ? element("div", { class: "evidence" }, element("p", {}, "What Azure answered, from the evidence bundle:"), element("pre", { tabindex: "0" }, `azml-audit trace BUNDLE ${check.id} ${shellWord(resourceOf(finding, workspace))}`)) : null);
}
