const openDetails = new Map();
const idAt = details.facts.findIndex(([, label]) => label === "Resource id");
let dialect = 0;

function shown(cell) {
  if (!cell) return "–";
  if (cell instanceof Node) return cell;
  return cell === "not reported" ? element("span", { class: "ask" }, cell) : breakable(cell);
}

function table(label, heads, rows) {
  if (!rows.length) return null;
  const used = heads.map((_, at) => rows.some((row) => row[at]));
  const kept = (row, tag, options) => row.filter((_, at) => used[at]).map((cell) => element(tag, options, shown(cell)));
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
    element("table", {},
      element("thead", {}, element("tr", {}, ...kept(heads, "th", { scope: "col" }))),
      element("tbody", {}, ...rows.map((row) => element("tr", {}, ...kept(row, "td", {}))))));
}

function factsOf(workspace, group) {
  const rows = details.facts.flatMap(([of, label, decides], at) => {
    const value = text(workspace.facts[at]);
    if (of !== group || (at === idAt) || (value === null && (group === "id" || label.includes("disagree")))) return [];
    const missing = decides ? element("span", { class: "ask" }, mark("unknown"), "not reported") : element("span", { class: "faint" }, "not reported");
    const shownValue = value === null ? missing : breakable(value === "" ? "none" : value);
    return [element("div", {}, element("dt", {}, label), element("dd", {}, shownValue))];
  });
  return element("dl", { class: "facts" }, ...rows);
}

// A literal with one text is a plain name, quoted here; otherwise it has one text for each dialect.
function quoted(literal, at) {
  return literal.length > 1 ? text(literal[at]) : details.quotes[at] + text(literal[0]) + details.quotes[at];
}

function filledIn(check, fix, at) {
  const values = details.fixes[fix].map((literal) => quoted(details.literals[literal], at));
  return check.texts[at].replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name) => values[check.names.indexOf(name)]);
}

async function copy(button, pre) {
  try {
    await navigator.clipboard.writeText(pre.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(pre);
    button.textContent = "Selected: press Ctrl+C";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 2500);
}

function fixOf(check, fix) {
  if (fix < 0) return null;
  const pre = element("pre", { tabindex: "0" });
  const names = { az: "Azure CLI", bicep: "Bicep", terraform: "Terraform" };
  const buttons = details.dialects.map((name, at) => element("button", { type: "button", "data-dialect": at, on: { click: () => choose(at) } }, names[name] || name));
  const copier = element("button", { type: "button", class: "copy" }, "Copy");
  copier.addEventListener("click", () => copy(copier, pre));
  const show = () => {
    const at = check.texts[dialect] ? dialect : check.texts.findIndex(Boolean);
    buttons.forEach((button, each) => { button.hidden = !check.texts[each]; button.setAttribute("aria-pressed", String(each === at)); });
    pre.textContent = filledIn(check, fix, at);
  };
  const box = element("details", { class: "fix" }, element("summary", {}, "Fix: " + check.summary),
    check.caution ? element("p", { class: "caution" }, element("strong", {}, "Before you run this: "), check.caution) : null,
    element("div", { class: "dialects" }, ...buttons, copier), pre);
  box.addEventListener("dialect", show);
  show();
  return box;
}

function choose(at) {
  dialect = at;
  document.querySelectorAll(".fix").forEach((fix) => fix.dispatchEvent(new Event("dialect")));
}

function wholeId(resource, workspace) {
  return resource.toLowerCase().startsWith("/subscriptions/") ? resource : text(workspace.facts[idAt]) + resource;
}

// The answers of Azure are in the evidence bundle: a page with all of them would be too large to open.
function evidenceOf(check, resource, workspace) {
  if (!details.sealed) return null;
  const quotedId = "'" + wholeId(resource, workspace).replaceAll("'", "'\\''") + "'";
  const pre = element("pre", { tabindex: "0" }, "azml-audit trace BUNDLE " + check.id + " " + quotedId);
  const copier = element("button", { type: "button", class: "copy" }, "Copy");
  copier.addEventListener("click", () => copy(copier, pre));
  return element("details", { class: "fix evidence" }, element("summary", {}, "Evidence: the answers of Azure"),
    element("div", { class: "dialects" }, copier), pre);
}

function findingOf([answer, resource, fix = -1], workspace) {
  const { check, status, observed, expected, reason, severities, waivers } = answers[answer];
  const severity = details.severities[severities[filter.policy]];
  const waiver = waivers[filter.policy];
  const subject = text(resource).replace(/^\//, "");
  return element("article", { class: "finding " + status + (waiver < 0 ? "" : " waived") },
    element("header", {}, element("span", { class: "state " + status }, mark(status), status),
      waiver < 0 ? null : element("span", { class: "state waived chip" }, mark("waived"), "waived"),
      element("span", { class: "severity " + severity }, severity),
      element("a", { href: "#check-" + check.id, class: "checkid" }, check.id), element("b", {}, check.title)),
    subject ? element("p", { class: "subject" }, isolated(subject, "id")) : null,
    element("dl", {}, ...[["Waived", waiver], ["Observed", observed], ["Expected", expected], ["Reason", reason]].filter(([, number]) => text(number))
      .map(([label, number]) => element("div", { class: ["Reason", "Waived"].includes(label) ? "all" : null }, element("dt", {}, label), element("dd", {}, breakable(text(number)))))),
    fixOf(check, fix), evidenceOf(check, text(resource) || "", workspace));
}

function groupOf(workspace, title, findings, isFolded) {
  if (!findings.length) return null;
  const list = findings.map((finding) => findingOf(finding, workspace));
  const heading = title + " (" + findings.length + ")";
  if (!isFolded) return element("div", {}, element("h4", {}, heading), ...list);
  const fold = element("details", { class: "fold" }, element("summary", {}, heading), ...list);
  fold.open = ["pass", "not-applicable"].includes(filter.status) || filter.verdict === "compliant";
  return fold;
}

function findingsOf(workspace) {
  const asked = workspace.findings.filter((row) => answers[row[0]].severities[filter.policy] >= 0);
  const shown = asked.filter(findingMatches);
  const weight = (row) => 10 * answers[row[0]].order + answers[row[0]].severities[filter.policy];
  const bySeverity = (one, other) => weight(one) - weight(other);
  const waived = shown.filter((row) => verdictOf(row) === "waived").sort(bySeverity);
  const of = (...words) => shown.filter((row) => words.includes(answers[row[0]].status) && !waived.includes(row)).sort(bySeverity);
  const left = asked.length - shown.length;
  return element("div", {},
    left ? element("p", { class: "faint" }, "The filters hide " + left + " of " + counted(asked.length, "finding", "findings") + ".") : null,
    groupOf(workspace, "Unknown", of("unknown", "error"), false),
    groupOf(workspace, "Fails", of("fail"), false),
    groupOf(workspace, "Waived", waived, false),
    groupOf(workspace, "Passes, or not applicable", of("pass", "not-applicable"), true),
    asked.length ? null : element("p", { class: "faint" }, "No check of this policy applies to this workspace."));
}

function hubNote(workspace) {
  if (!workspace.hub) return null;
  return element("p", { class: "faint" }, "This Project uses the network of its hub, ", element("a", { href: "#w:" + encodeURIComponent(workspace.hub) }, isolated(workspace.hub, "id")), ".");
}

function detailOf(workspace) {
  const rules = textsOf(workspace.rules).map(([rule, type, category, status, destination, target, protocol, ports, prefixes, action, error]) =>
    [rule, type, category, status, destination + (target ? " → " + target : ""), [protocol, ports].filter(Boolean).join(" "), prefixes, action, error]);
  const gaps = textsOf(workspace.gaps).map(([asked, scope, http, code, message, closes]) => [asked, scope, [http, code].filter(Boolean).join(" "), message, closes]);
  return element("td", {},
    element("p", { class: "identity" }, isolated(text(workspace.facts[idAt]), "id"), element("a", { href: "#w:" + encodeURIComponent(workspace.id) }, "link to this workspace")),
    gaps.length ? element("h4", { class: "note" }, "Gaps (" + gaps.length + ")") : null,
    table("Gaps", ["Asked for", "Scope", "Answer", "Message", "What closes it"], gaps),
    hubNote(workspace),
    element("div", { class: "columns" },
      element("div", {}, element("h4", {}, "INBOUND"), factsOf(workspace, "in")),
      element("div", {}, element("h4", {}, "OUTBOUND"), factsOf(workspace, "out")),
      element("div", {}, element("h4", {}, "WORKSPACE"), factsOf(workspace, "id"))),
    element("div", { class: "findings" }, findingsOf(workspace)),
    rules.length ? element("h4", {}, "Outbound rules (" + rules.length + ")") : null,
    table("Outbound rules", ["Rule", "Type", "Category", "Status", "Destination", "Ports", "Addresses", "Action", "Error"], rules),
    workspace.connections.length ? element("h4", {}, "Private endpoint connections (" + workspace.connections.length + ")") : null,
    table("Private endpoint connections", ["Connection", "Status", "Private endpoint", "Description"], textsOf(workspace.connections)),
    ...inventoryOf(workspace));
}
