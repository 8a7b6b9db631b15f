// The table of workspaces: all rows if there are few, else only those that are visible.
const FEW = {{ plain_rows }};
const list = document.querySelector(".list");
const body = byId("workspace-table").tBodies[0];
let shown = [];
let counts = {};
let rowHeight = 0;
const AT_ONCE = 30;
let drawing = 0;

function rowOf(workspace) {
  const cell = (label, ...children) => element("td", { "data-label": label }, ...children);
  const counts = facts.workspaces.tallies[policy];
  const [inbound, outbound, kind, state] = ["inbound", "outbound", "kind", "provisioning_state"].map((column) => valueOf(workspace, column) ?? "");
  const open = element("a", { class: "name", href: linkTo(workspace) }, isolated(nameOf(workspace)));
  open.addEventListener("click", (event) => { if (!event.ctrlKey && !event.metaKey && !event.shiftKey) { event.preventDefault(); openWorkspace(workspace); } });
  const problems = counts ? facts.severities.filter((name) => counts[name][workspace]).map((name) => severity(name, counts[name][workspace])) : [];
  if (counts?.unknown[workspace]) problems.push(element("span", { class: "ask" }, mark("unknown"), counts.unknown[workspace].toLocaleString("en") + " unknown"));
  if (counts?.waived[workspace]) problems.push(element("span", { class: "waived" }, mark("waived"), counts.waived[workspace].toLocaleString("en") + " waived"));
  const acceptance = acceptanceOf(workspace);
  if (acceptance) problems.push(element("span", { class: "faint" }, isolated(acceptance)));
  const absent = () => element("span", { class: "ask" }, "unknown");
  const row = element("tr", { class: query.workspace === idOf(workspace).toLowerCase() ? "open" : null },
    element("th", { scope: "row" }, walls(inbound, outbound), open, kind && kind !== "Default" ? element("span", { class: "kind" }, kind) : null, isUnsettled(state) ? element("span", { class: "chip" }, state) : null),
    cell("Findings", element("span", { class: "tally" }, problems.length ? problems : element("span", { class: "faint" }, "nothing to do"))),
    cell("Inbound", inbound), cell("Outbound", outbound),
    cell("Subscription", isolated(valueOf(workspace, "subscription") ?? valueOf(workspace, "subscription_id") ?? "")),
    cell("Region", isolated(valueOf(workspace, "location") ?? "")),
    element("td", { "data-label": "Rules", class: "number" }, valueOf(workspace, "outbound_rules") ?? absent()),
    element("td", { "data-label": "Score", class: "number" }, facts.workspaces.scores[policy]?.[workspace] || element("span", { class: "faint" }, "–")));
  row.cells[0].append(...whyFound(workspace, row.textContent.toLowerCase()));
  return row;
}

// Where a word of the search is found, if the row does not show it.
function whyFound(workspace, shown) {
  return query.places.flatMap(([word, places]) => {
    const found = shown.includes(word) || word.includes(":") ? undefined : places(workspace).next().value;
    if (!found) return [];
    const [place, value] = found;
    const at = value.toLowerCase().indexOf(word);
    const [start, end] = [Math.max(0, at - 30), Math.min(value.length, at + word.length + 40)];
    return [element("span", { class: "why" }, `${place}: `, element("bdi", {}, start ? "…" : "", value.slice(start, at), element("mark", {}, value.slice(at, at + word.length)), value.slice(at + word.length, end), end < value.length ? "…" : ""))];
  });
}

const isUnsettled = (state) => !["", "succeeded"].includes(state.toLowerCase());
const linkTo = (workspace) => "#" + new URLSearchParams({ w: idOf(workspace).toLowerCase() });

// Draw the rows. Of a short table the first rows are drawn at once and the others frame by frame, or all at once.
function draw(isWhole = false) {
  drawing += 1;
  if (shown.length <= FEW) {
    list.classList.remove("windowed");
    body.replaceChildren(...shown.slice(0, isWhole ? FEW : AT_ONCE).map(rowOf));
    drawFrom(body.rows.length, drawing);
    return;
  }
  // Without rows the change of the class needs no layout of those that go away.
  if (!list.classList.contains("windowed")) body.replaceChildren();
  list.classList.add("windowed");
  if (!rowHeight) {
    body.replaceChildren(rowOf(shown[0]));
    rowHeight = body.rows[0].getBoundingClientRect().height || 40;
  }
  const room = list.clientHeight || 600;
  const first = Math.max(0, Math.floor(list.scrollTop / rowHeight) - 10);
  const last = Math.min(shown.length, first + Math.ceil(room / rowHeight) + 20);
  const space = (rows) => {
    const spacer = element("tr", { class: "space", "aria-hidden": "true" }, element("td", {}));
    spacer.firstChild.style.height = rows * rowHeight + "px";
    return spacer;
  };
  body.replaceChildren(space(first), ...shown.slice(first, last).map(rowOf), space(shown.length - last));
}

// A link from a ticket may be older than the report.
const missingNote = () => (query.missing ? [element("span", { class: "ask" }, mark("unknown"), `This report has no ${query.missing} with the id of the link. It may be fixed, deleted or not read.`)] : []);

function unreadHint({ name, command }) {
  return element("div", { class: "unread" }, element("span", { class: "ask" }, mark("unknown"), isolated(name), " was not read: nothing is known about it. "),
    command ? element("span", {}, "This command lets the next scan read it: ", element("code", {}, command), " ", copyButton("Copy", () => command)) : element("a", { href: "#coverage" }, "What closes the gap"));
}

function drawFrom(at, number) {
  if (at >= shown.length) return;
  requestAnimationFrame(() => {
    if (number !== drawing) return;
    body.append(...shown.slice(at, at + AT_ONCE).map(rowOf));
    drawFrom(at + AT_ONCE, number);
  });
}

// What the words also name: a subscription that was not read, a control, a check. None of them is a workspace.
function hintsOf(words) {
  const listed = words.toLowerCase().split(/\s+/).filter((word) => word.length > 2 && !word.includes(":"));
  const hints = facts.unread.filter(({ name, id }) => listed.length && listed.every((word) => name.toLowerCase().includes(word) || id.toLowerCase().includes(word))).map(unreadHint);
  for (const word of listed) {
    for (const row of document.querySelectorAll("[data-control]")) {
      if (row.dataset.control.toLowerCase().split(" ").pop() === word) hints.push(element("span", {}, "Control ", element("a", { href: "#" + row.id }, isolated(row.dataset.control))));
    }
    const check = facts.checks.find(({ id }) => id.toLowerCase() === word);
    if (check) hints.push(element("span", {}, "Check ", element("a", { href: "#check-" + check.id }, `${check.id} ${check.title}`)));
  }
  return hints.slice(0, 8);
}

// Show what the query finds. `counting` are the facets that are unfolded.
function refresh() {
  const counting = FACETS.map(([name]) => name).filter((name) => query.chosen.has(name) || byId("facet-" + name)?.open);
  const answer = answered(counting);
  [shown, counts] = [answer.found, answer.counts];
  list.scrollTop = 0;
  draw();
  byId("found").textContent = `${shown.length.toLocaleString("en")} of ${counted(size, "workspace", "workspaces")}`;
  byId("none-found").hidden = shown.length > 0 || !size;
  byId("hints").replaceChildren(...missingNote(), ...hintsOf(query.words));
  byId("reset").hidden = !query.words && !query.chosen.size;
  document.querySelectorAll("#workspace-table thead [data-sort]").forEach((head) => {
    const direction = head.dataset.sort !== query.sort ? "none" : query.down ? "descending" : "ascending";
    head.setAttribute("aria-sort", direction);
  });
  drawFacets();
}

const MOST_VALUES = 40;

function drawFacets() {
  for (const [name] of FACETS) {
    const box = byId("facet-" + name);
    const chosen = query.chosen.get(name) ?? new Set();
    box.hidden = !size;
    box.querySelector("summary .faint").textContent = chosen.size ? `${chosen.size} chosen` : "";
    if (!box.open) continue;
    const { values } = facet(name);
    const order = values.map((_, code) => code).filter((code) => counts[name][code] || chosen.has(values[code]));
    const rank = (code) => (name === "severity" ? facts.severities.indexOf(values[code]) : -counts[name][code]);
    order.sort((one, other) => rank(one) - rank(other) || (values[one] < values[other] ? -1 : 1));
    const rest = order.length - MOST_VALUES;
    const focused = box.contains(document.activeElement) ? document.activeElement.value : null;
    box.querySelector("ul").replaceChildren(
      ...order.slice(0, MOST_VALUES).map((code) => valueRow(name, values[code], counts[name][code], chosen.has(values[code]))),
      ...(rest > 0 ? [element("li", { class: "faint" }, `and ${rest.toLocaleString("en")} more: type ${name}:…`)] : []));
    if (focused !== null) [...box.querySelectorAll("input")].find((input) => input.value === focused)?.focus();
  }
}

function valueRow(name, value, count, isChosen) {
  const input = element("input", { type: "checkbox", value });
  input.checked = isChosen;
  input.addEventListener("change", () => choose(name, value, input.checked));
  const title = ["check", "unknown"].includes(name) ? facts.checks.find((check) => check.id === value)?.title : null;
  const label = name === "severity" ? severity(value) : element("bdi", { title }, value);
  return element("li", {}, element("label", {}, input, label, element("span", { class: "count" }, count.toLocaleString("en"))));
}

function choose(name, value, isChosen) {
  const values = new Set(query.chosen.get(name));
  if (isChosen) values.add(value); else values.delete(value);
  if (values.size) query.chosen.set(name, values); else query.chosen.delete(name);
  remember();
  refresh();
}

const remember = () => history.pushState(null, "", stateInUrl());
const correct = () => history.replaceState(null, "", stateInUrl());
