// Connect the page with its script: facets, keys, the URL and print.
function partOf(hash) {
  if (hash.length < 2 || hash.includes("=")) return null;
  try { return byId(decodeURIComponent(hash.slice(1))); } catch { return null; }
}

function restore() {
  const part = partOf(location.hash);
  if (part?.localName === "details") part.open = true;
  const before = policy;
  const parts = readUrl();
  if (before !== policy) facets = {};
  byId("search").value = query.words;
  byId("policy").value = String(policy);
  byId("reach-input").value = parts.get("reach") ?? byId("reach-input").value;
  for (const [name] of query.chosen) byId("facet-" + name).open = true;
  if (query.finding && !query.workspace) {
    const owner = ownerOf(query.finding);
    if (owner >= 0) query.workspace = idOf(owner).toLowerCase();
  }
  const workspace = query.workspace ? numberOf(query.workspace) : -1;
  show(workspace);
  query.missing = query.finding && !byId("finding-" + query.finding) ? "finding" : query.workspace && workspace < 0 ? "workspace" : "";
  refresh();
  drawReach();
  const target = query.finding ? byId("finding-" + query.finding) : workspace >= 0 ? byId("workspace") : null;
  if (target) {
    if (target.parentElement.closest("details")) target.parentElement.closest("details").open = true;
    target.scrollIntoView();
    target.classList.add("linked");
  }
}

// Whether a link filters the table of workspaces, and opens none of them.
function isFilter(hash) {
  const parts = new URLSearchParams(hash.slice(1));
  return FACETS.some(([name]) => parts.has(name)) && !parts.has("w") && !parts.has("finding");
}

const isReach = (hash) => [...new URLSearchParams(hash.slice(1)).keys()].join() === "reach";

// Move there after the next two frames: what was not drawn before gets its true height then.
const settleAt = (target) => requestAnimationFrame(() => requestAnimationFrame(() => target.scrollIntoView({ behavior: "instant" })));

// A link to a part of the page moves there and leaves the query in the URL. One that filters or asks moves to the answer.
function followInside(event) {
  const link = event.target.closest("a[href^='#']");
  if (link && isFilter(link.hash)) settleAt(byId("workspaces"));
  if (link && isReach(link.hash)) settleAt(byId("reach"));
  const target = link && partOf(link.hash);
  if (!target || link.hash.startsWith("#finding-")) return;
  event.preventDefault();
  history.pushState(null, "", location.href);
  for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  target.tabIndex = -1;
  target.focus({ preventScroll: true });
  target.scrollIntoView();
  settleAt(target);
}

function makeFacets() {
  const open = ["severity", "inbound", "outbound", "subscription"];
  byId("facets").append(...FACETS.map(([name, title]) => {
    const box = element("details", { id: "facet-" + name, class: "facet" }, element("summary", {}, title, " ", element("span", { class: "faint" })), element("ul", {}));
    box.open = open.includes(name) && matchMedia("(min-width: 1000px)").matches;
    box.addEventListener("toggle", () => refresh());
    return box;
  }));
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isTyping = ["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName);
  if (event.key === "/" && !isTyping) {
    event.preventDefault();
    byId("search").focus({ preventScroll: true });
    byId("workspaces").scrollIntoView({ behavior: "instant" });
  } else if (event.key === "Escape" && event.target.id === "search" && event.target.value) {
    byId("search").value = query.words = "";
    correct();
    refresh();
  } else if (event.key === "Escape" && query.workspace) closeWorkspace();
}

// Every violation is in the page as HTML for browsers without script; print shows the same.
const annexes = globalThis.trustedTypes?.createPolicy("annex", { createHTML: (markup) => markup });

function showAnnex() {
  if (byId("violations")) return;
  const markup = byId("annex").textContent;
  const parsed = new DOMParser().parseFromString(annexes ? annexes.createHTML(markup) : markup, "text/html");
  byId("annex").after(...parsed.body.children);
}

function connect() {
  byId("search").addEventListener("input", (event) => { query.words = event.target.value; correct(); refresh(); });
  byId("policy").addEventListener("change", (event) => { policy = Number(event.target.value); facets = {}; remember(); refresh(); show(query.workspace ? numberOf(query.workspace) : -1); });
  byId("policy").closest("label").hidden = facts.policies.length < 2;
  for (const button of document.querySelectorAll("#reset, #reset-none")) button.addEventListener("click", () => { query.words = byId("search").value = ""; query.chosen = new Map(); remember(); refresh(); });
  byId("csv").addEventListener("click", () => saved("workspaces-of-this-view.csv", csvOfView()));
  document.querySelectorAll("[data-saves]").forEach((button) => button.addEventListener("click", () => saved(`control-${button.dataset.saves.replace(/[^\w.]+/g, "-")}.csv`, csvOfControl(button.dataset.saves))));
  document.querySelectorAll("#workspace-table thead [data-sort]").forEach((head) => {
    head.replaceChildren(element("button", { type: "button", on: { click: () => { query.down = query.sort === head.dataset.sort && !query.down; query.sort = head.dataset.sort; remember(); refresh(); } } }, head.textContent));
  });
  list.addEventListener("scroll", () => requestAnimationFrame(() => draw()));
  byId("reach-form").addEventListener("submit", (event) => { event.preventDefault(); remember(); drawReach(); });
  byId("reach-input").addEventListener("change", () => { remember(); drawReach(); });
  document.querySelectorAll("[data-ask]").forEach((button) => button.addEventListener("click", () => { byId("reach-input").value = button.dataset.ask; remember(); drawReach(); }));
  document.querySelectorAll("[data-copies]").forEach((button) => button.addEventListener("click", () => copied(button, byId(button.dataset.copies).textContent)));
  byId("show-annex").addEventListener("click", () => { showAnnex(); byId("violations").scrollIntoView(); });
  document.addEventListener("click", followInside);
  document.addEventListener("keydown", onKey);
  addEventListener("hashchange", restore);
  addEventListener("popstate", restore);
  addEventListener("beforeprint", () => { draw(true); showAnnex(); });
}

document.documentElement.classList.add("js");
makeFacets();
connect();
restore();
if (isReach(location.hash)) settleAt(byId("reach"));
document.documentElement.dataset.ready = "yes";
// The console of the browser can ask too: azmlAudit.reachAnswers("pypi.org").
globalThis.azmlAudit = { reachAnswers, closingCommands, settlingOf, shellWord, waiverOf, nameOf, idOf };
