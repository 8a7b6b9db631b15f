const filter = { policy: 0, search: "", status: "", verdict: "", severity: "", family: "", subscription: "", mode: "" };
const MOST_OPENED = 50;
const form = document.querySelector(".filters");
const body = document.querySelector("#workspace-table > tbody");
const rows = body ? [...body.rows] : [];
const workspaces = new Map(details.workspaces.map((workspace) => [workspace.id, workspace]));
for (const workspace of details.workspaces) {
  for (const name of ["rules", "connections", "gaps", "dependencies", "computes", "endpoints"]) workspace[name] ??= [];
}
const workspaceOf = (row) => workspaces.get(row.id.slice(2));
const modeAt = details.facts.findIndex(([, label]) => label === "Isolation mode");
const subscriptionOf = (row) => row.cells[1].firstElementChild.title.toLowerCase();

function searched(workspace) {
  workspace.searched ??= [
    workspace.id, ...workspace.facts.map(text), ...workspace.rules.flatMap((rule) => [text(rule[0]), text(rule[4])]),
    ...workspace.dependencies.map((row) => text(row[1])), ...[...workspace.computes, ...workspace.endpoints].map((row) => text(row[0])),
    ...workspace.findings.map((row) => answers[row[0]]).filter((answer) => ["unknown", "error", "fail"].includes(answer.status)).map((answer) => answer.check.id),
  ].join("\n").toLowerCase();
  return workspace.searched;
}

const verdictOf = (row) => details.verdicts[answers[row[0]].verdicts[filter.policy]];

function findingMatches(row) {
  const answer = answers[row[0]];
  const severity = answer.severities[filter.policy];
  return severity >= 0
    && (!filter.status || answer.status === filter.status)
    && (!filter.verdict || verdictOf(row) === filter.verdict)
    && (!filter.severity || details.severities[severity] === filter.severity)
    && (!filter.family || answer.check.family === filter.family);
}

function matches(row) {
  const workspace = workspaceOf(row);
  if (filter.subscription && subscriptionOf(row) !== filter.subscription) return false;
  if (filter.mode && (text(workspace.facts[modeAt]) ?? "not reported") !== filter.mode) return false;
  const within = searched(workspace) + "\n" + row.cells[1].textContent.toLowerCase();
  if (!filter.search.toLowerCase().split(/\s+/).every((word) => within.includes(word))) return false;
  return !(filter.status || filter.verdict || filter.severity || filter.family) || workspace.findings.some(findingMatches);
}

function apply(redraw = true) {
  let shown = 0;
  let findings = 0;
  for (const row of rows) {
    row.hidden = !matches(row);
    const detail = openDetails.get(row);
    if (detail) {
      detail.hidden = row.hidden;
      if (redraw) detail.querySelector(".findings").replaceChildren(findingsOf(workspaceOf(row)));
    }
    if (row.hidden) continue;
    shown += 1;
    findings += workspaceOf(row).findings.filter(findingMatches).length;
  }
  byId("found").textContent = shown.toLocaleString("en") + " of " + counted(rows.length, "workspace", "workspaces") + ", " + counted(findings, "finding", "findings");
  byId("open-shown").textContent = shown > MOST_OPENED ? "Open the first " + MOST_OPENED : "Open shown";
  if (byId("none-found")) byId("none-found").hidden = shown > 0;
}

function read() {
  for (const name of Object.keys(filter)) {
    filter[name] = name === "policy" ? Number(byId(name).value) : byId(name).value.trim();
    byId(name).classList.toggle("set", name !== "policy" && filter[name] !== "");
  }
}

function showPolicy() {
  for (const part of document.querySelectorAll("#heat [data-policy], #workspace-table [data-policy]")) part.hidden = Number(part.dataset.policy) !== filter.policy;
}

function toggle(row, wanted = !openDetails.has(row)) {
  if (wanted === openDetails.has(row)) return;
  row.classList.toggle("open", wanted);
  row.querySelector(".toggle").setAttribute("aria-expanded", String(wanted));
  if (wanted) {
    const cell = detailOf(workspaceOf(row));
    cell.colSpan = row.cells.length;
    const detail = element("tr", { class: "detail" }, cell);
    openDetails.set(row, detail);
    row.after(detail);
  } else {
    openDetails.get(row).remove();
    openDetails.delete(row);
  }
}

function keyOf(row, column) {
  const cell = row.cells[column];
  const keyed = cell.querySelector("[data-policy]:not([hidden])") ?? cell;
  return (keyed.dataset.key ?? cell.textContent).trim();
}

function compared(one, other, isNumber) {
  if (!isNumber) return one < other ? -1 : Number(one > other);
  return Number(one) - Number(other);
}

function sort(head, direction) {
  const column = head.cellIndex;
  const isNumber = head.classList.contains("number") || "default" in head.dataset;
  for (const other of head.parentElement.cells) other.setAttribute("aria-sort", other === head ? direction : "none");
  const keyed = rows.map((row) => [keyOf(row, column).toLowerCase(), row]);
  const sign = direction === "ascending" ? 1 : -1;
  keyed.sort(([one], [other]) => (one === "") - (other === "") || sign * compared(one, other, isNumber));
  body.append(...keyed.flatMap(([, row]) => (openDetails.has(row) ? [row, openDetails.get(row)] : [row])));
}

function reset() {
  for (const name of Object.keys(filter)) byId(name).value = name === "policy" ? "0" : "";
  refresh();
}

function refresh() {
  read();
  showPolicy();
  apply();
}

function follow() {
  const id = decodeURIComponent(location.hash.slice(1));
  const target = id && byId(id);
  if (!target) return;
  if (target.localName === "details") target.open = true;
  if (!id.startsWith("w:") || !rows.includes(target)) return;
  if (target.hidden) reset();
  toggle(target, true);
  target.scrollIntoView();
}

function prepareTable() {
  for (const row of rows) {
    const name = row.querySelector(".name");
    const button = element("button", { type: "button", class: "toggle", "aria-expanded": "false", on: { click: () => toggle(row) } });
    name.replaceWith(button);
    button.append(name);
  }
  for (const head of body.parentElement.tHead.rows[0].cells) {
    const button = element("button", { type: "button" }, head.textContent);
    button.addEventListener("click", () => sort(head, head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending"));
    head.replaceChildren(button);
    head.setAttribute("aria-sort", "default" in head.dataset ? "ascending" : "none");
  }
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isTyping = ["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName);
  if (event.key === "/" && !isTyping) {
    event.preventDefault();
    byId("search").focus();
  } else if (event.key === "Escape") {
    const inside = event.target.closest("tr");
    const row = rows.find((each) => each === inside || openDetails.get(each) === inside?.closest("tr.detail"));
    if (event.target.id === "search") { event.target.value = ""; read(); apply(false); event.target.blur(); }
    else if (row && openDetails.has(row)) { toggle(row, false); row.querySelector(".toggle").focus(); }
  }
}

function start() {
  document.documentElement.classList.add("js");
  form.hidden = false;
  document.querySelector(".found").hidden = false;
  byId("policy").closest("label").hidden = details.policies.length < 2;
  prepareTable();
  byId("search").addEventListener("input", () => { read(); apply(false); });
  form.addEventListener("change", refresh);
  form.addEventListener("reset", (event) => { event.preventDefault(); reset(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  byId("reset-none").addEventListener("click", reset);
  byId("open-shown").addEventListener("click", () => rows.filter((row) => !row.hidden).slice(0, MOST_OPENED).forEach((row) => toggle(row, true)));
  byId("close-all").addEventListener("click", () => rows.forEach((row) => toggle(row, false)));
  document.addEventListener("keydown", onKey);
  document.querySelector("#heat").addEventListener("click", (event) => {
    const cell = event.target.closest("[data-family]");
    if (!cell) return;
    byId("subscription").value = cell.dataset.subscription;
    byId("family").value = cell.dataset.family;
    read();
    apply();
  });
  addEventListener("hashchange", follow);
  refresh();
  follow();
}

if (rows.length) start();
