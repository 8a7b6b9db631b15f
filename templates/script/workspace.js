// One workspace: its picture, its findings and everything that was read of it.
const FACTS = [
  ["In", [["Public network access", "public_network_access", true], ["Default for other addresses", "network_acls_default_action"], ["Address rules", "ip_rules"], ["Private endpoints approved", "approved_private_endpoints", true], ["Private endpoints in total", "private_endpoints", true]]],
  ["Out", [["Isolation mode", "effective_isolation_mode", true], ["Managed network", "managed_network_status"], ["Outbound rules", "outbound_rules", true], ["User-defined rules", "user_defined_rules", true], ["Firewall tier", "firewall_sku"], ["Body and rule list disagree", "outbound_rules_discrepancy"]]],
  ["Workspace", [["Kind", "kind"], ["Region", "location"], ["Resource group", "resource_group"], ["State", "provisioning_state"], ["Tags", "tags"], ["Read with api-version", "api_version"], ["Its own public network access", "own_public_network_access"], ["Its own isolation mode", "own_isolation_mode"]]],
];

function factsOf(workspace, [group, rows]) {
  const listed = rows.flatMap(([name, column, decides]) => {
    const value = valueOf(workspace, column);
    if ((value === null && !decides) || value === "{}") return [];
    const shownValue = value === null ? element("span", { class: "ask" }, mark("unknown"), "not reported") : breakable(value || "none");
    return [element("div", {}, element("dt", {}, name), element("dd", {}, shownValue))];
  });
  return element("div", {}, element("h4", {}, group), element("dl", { class: "facts" }, listed));
}

function stateNote(workspace) {
  const word = valueOf(workspace, "provisioning_state") ?? "";
  if (!isUnsettled(word)) return null;
  return element("p", { class: "banner" }, mark("error"), element("span", {}, element("strong", {}, `Azure reports the state ${word}. `), "What is shown here may be about to change, or may never have taken effect."));
}

function inventoryOf(workspace) {
  const owner = workspaces.network[workspace] < 0 ? workspace : workspaces.network[workspace];
  const titled = (title, heads, rows) => (rows.length ? element("details", { class: "fold" }, element("summary", {}, `${title} (${rows.length})`), plainTable(title, heads, rows)) : null);
  const read = (word) => (word === "read" ? word : element("span", { class: "ask" }, mark("unknown"), word ?? "unknown"));
  const rules = ownRulesOf(owner).map(({ name, content }) => [name, contentOf(content, "type"), contentOf(content, "destination"), facts.rules.classes[content],
    [contentOf(content, "protocol"), contentOf(content, "port_ranges")].filter(Boolean).join(" "), contentOf(content, "address_prefixes"), contentOf(content, "action"), contentOf(content, "category"), contentOf(content, "status"), contentOf(content, "error_information")]);
  return [
    titled(workspace === owner ? "Outbound rules" : "Outbound rules of its hub", ["Rule", "Type", "Destination", "Who may receive", "Ports", "Addresses", "Action", "Category", "Status", "Error"], rules),
    titled("Private endpoint connections", ["Connection", "Status", "Private endpoint", "Description"], rowsOf("connections", owner, "connection", "status", "private_endpoint_id", "description")),
    titled(workspace === owner ? "Dependencies" : "Dependencies of its hub", ["Role", "Resource", "Read", "Public access", "Firewall default", "Approved private endpoints"],
      rowsOf("dependencies", owner, "role", "resource_id", "read", "access", "default_action", "endpoints").map(([role, id, was, ...rest]) => [role, id, read(was), ...rest])),
    titled("Computes", ["Compute", "Type", "Public address", "Network", "Local authentication", "SSH from outside"], rowsOf("computes", workspace, "compute", "compute_type", "address", "network", "local_auth", "login")),
    titled("Online, batch and serverless endpoints", ["Endpoint", "Type", "Public access", "Authentication"], rowsOf("endpoints", workspace, "endpoint", "endpoint_type", "access", "auth_mode")),
    quietLine(workspace),
  ];
}

function quietLine(workspace) {
  const kinds = (sign) => facts.kinds.filter((_, at) => workspaces.read[workspace][at] === sign);
  const groups = [["Could not be read completely", kinds("n"), "ask"], ["Unknown", kinds("?"), "ask"], ["Not collected by the chosen policies", kinds("-"), null]].filter(([, names]) => names.length);
  return groups.length ? element("p", { class: "faint" }, groups.map(([word, names, kind]) => element("span", { class: kind }, word + ": " + names.join(", ") + ". "))) : null;
}

function detailOf(workspace) {
  const hub = workspaces.network[workspace];
  const close = element("button", { type: "button", class: "close", on: { click: closeWorkspace } }, "Close");
  const hubNote = hub >= 0 && hub !== workspace ? element("p", { class: "faint" }, "This Project uses the network of its hub, ", element("a", { href: linkTo(hub) }, isolated(nameOf(hub))), ".") : null;
  const gaps = rowsOf("gaps", workspace, "asked", "code", "message", "closes");
  return [
    element("header", {}, element("h3", { id: "workspace-title", tabindex: "-1" }, walls(valueOf(workspace, "inbound"), valueOf(workspace, "outbound")), isolated(nameOf(workspace))), close),
    stateNote(workspace), element("p", { class: "id" }, breakable(idOf(workspace))), hubNote, pictureOf(workspace),
    gaps.length ? element("div", {}, element("h4", { class: "ask" }, "What could not be read"), plainTable("Gaps of this workspace", ["Asked for", "Answer", "Message", "What closes it"], gaps)) : null,
    findingsOf(workspace), element("div", { class: "columns" }, FACTS.map((group) => factsOf(workspace, group))), ...inventoryOf(workspace),
  ];
}

function show(workspace) {
  const panel = byId("workspace");
  panel.hidden = workspace < 0;
  panel.replaceChildren(...(workspace < 0 ? [] : detailOf(workspace).filter(Boolean)));
}

const numberOf = (id) => workspaces.workspace_id.findIndex((number) => text(number)?.toLowerCase() === id);

function openWorkspace(workspace) {
  [query.workspace, query.finding, query.missing] = [idOf(workspace).toLowerCase(), "", ""];
  remember();
  show(workspace);
  draw();
  byId("workspace").scrollIntoView();
  byId("workspace-title").focus({ preventScroll: true });
}

function closeWorkspace() {
  const name = numberOf(query.workspace);
  [query.workspace, query.finding] = ["", ""];
  remember();
  show(-1);
  draw(true);
  const row = [...body.querySelectorAll("a.name")].find((link) => link.hash === linkTo(name));
  (row ?? byId("search")).focus();
}

// Find a finding by its id: only then is the id of every finding worked out.
function ownerOf(id) {
  for (let workspace = 0; workspace < size; workspace += 1) {
    if (numbersOf("findings", workspace).some((finding) => findingId(finding, workspace) === id)) return workspace;
  }
  return -1;
}
