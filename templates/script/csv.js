// What the page saves as CSV: the workspaces that are shown, and the findings of one control for its auditor.

// A cell that a spreadsheet would run as a formula starts with an apostrophe.
function csvCell(value) {
  const safe = /^[=+\-@\t\r]/.test(value) ? "'" + value : String(value);
  return /[",\n\r]/.test(safe) ? '"' + safe.replaceAll('"', '""') + '"' : safe;
}

const csvOf = (heads, rows) => [heads, ...rows].map((row) => row.map(csvCell).join(",")).join("\n") + "\n";

function saved(name, content) {
  const link = element("a", { download: name, href: URL.createObjectURL(new Blob([content], { type: "text/csv" })) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

function csvOfView() {
  const columns = ["workspace", "workspace_id", "kind", "subscription", "subscription_id", "resource_group", "location", "provisioning_state", "inbound", "outbound", "effective_isolation_mode", "public_network_access", "outbound_rules", "approved_private_endpoints"];
  const tallied = [...facts.severities, "unknown", "waived"];
  return csvOf([...columns, ...tallied, "score"], shown.map((workspace) => [
    ...columns.map((column) => valueOf(workspace, column) ?? ""),
    ...tallied.map((name) => facts.workspaces.tallies[policy]?.[name][workspace] ?? ""), facts.workspaces.scores[policy]?.[workspace] ?? "",
  ]));
}

// The findings of the control in each workspace, under the policy of the section, which is the first one.
function findingsOfControl(control) {
  return workspaces.workspace.flatMap((_, workspace) => numbersOf("findings", workspace).flatMap((finding) => {
    const answer = facts.findings.answer[finding];
    const [rank, verdict, waiver] = facts.judgements[facts.answers.judgement[answer]][0] ?? [-1];
    const { id, title, controls } = facts.checks[checkOf(finding)];
    if (rank < 0 || !controls.includes(control)) return [];
    const isWaived = verdict === WAIVED;
    const reason = [text(facts.answers.reason[answer]), isWaived ? text(waiver) : ""].filter(Boolean).join(" Waived: ");
    return [[control, id, title, nameOf(workspace), resourceOf(finding, workspace), isWaived ? "waived" : facts.statuses[facts.answers.status[answer]], reason]];
  }));
}

// All that the report knows of a control: its findings, the workspaces that pass, the checks not asked, what was not read.
function csvOfControl(control) {
  const block = [...document.querySelectorAll("[data-control]")].find((each) => each.dataset.control === control);
  const counts = [...block.querySelectorAll("[data-check]")].flatMap(({ childNodes, dataset: { check, passing, unasked } }) => {
    const title = childNodes[1].textContent.trim().replace(/:$/, "");
    if (unasked !== undefined) return [[control, check, title, "", "", "not asked", `${facts.policies[0] ?? "No policy"} does not ask this check.`]];
    return Number(passing) ? [[control, check, title, "", "", "pass", `${counted(Number(passing), "workspace passes", "workspaces pass")}. findings.csv lists each.`]] : [];
  });
  const unread = facts.unread.map(({ name, id }) => [control, "", "", "", "/subscriptions/" + id, "not read", `The results do not cover ${name}.`]);
  const audited = byId("controls").dataset.audited;
  return csvOf(["control", "check", "title", "workspace", "resource", "status", "reason", "audited_at"], [...findingsOfControl(control), ...counts, ...unread].map((row) => [...row, audited]));
}
