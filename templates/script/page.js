// Make elements. Texts from Azure are set as text nodes, so that none of them is parsed as HTML.
const byId = (id) => document.getElementById(id);

function element(tag, options = {}, ...children) {
  const made = tag === "svg" || tag === "use" ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  const { on = {}, ...attributes } = options;
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  for (const [event, listener] of Object.entries(on)) made.addEventListener(event, listener);
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

const mark = (name) => element("svg", { class: "mark " + name, "aria-hidden": "true" }, element("use", { href: "#mark-" + name }));
const state = (word) => element("span", { class: "state " + word }, mark(word), word);
const severity = (word, count = null) => element("span", { class: "severity " + word }, count === null ? word : count.toLocaleString("en") + " " + word);
const isolated = (value, kind = null) => element("bdi", { class: kind }, value);
const counted = (number, one, many) => number.toLocaleString("en") + " " + (number === 1 ? one : many);
const dashed = (word) => word.replaceAll(" ", "-");

// The two walls of a workspace: who may come in, and where it may go.
function walls(inbound, outbound) {
  return element("svg", { class: "walls", viewBox: "0 0 36 16", "aria-hidden": "true" },
    element("use", { href: "#in-" + dashed(inbound) }), element("use", { href: "#inside" }), element("use", { href: "#out-" + dashed(outbound) }));
}

// Let a word break before a capital and an id after a slash, so that the browser breaks them nowhere else.
function breakable(value) {
  const parts = value.split(value.includes("/") ? /(?<=\/)(?=[^/])/ : /(?<=[a-z])(?=[A-Z])/);
  return element("bdi", {}, ...parts.flatMap((part, at) => (at ? [element("wbr"), part] : [part])));
}

function plainTable(label, heads, rows) {
  if (!rows.length) return null;
  const used = heads.map((_, at) => rows.some((row) => row[at]));
  const kept = (row, tag, optionsOf) => row.flatMap((cell, at) => (used[at] ? [element(tag, optionsOf(at), cell instanceof Node ? cell : cell ? breakable(cell) : "–")] : []));
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
    element("table", { class: "plain" },
      element("thead", {}, element("tr", {}, kept(heads, "th", () => ({ scope: "col" })))),
      element("tbody", {}, rows.map((row) => element("tr", {}, kept(row, "td", (at) => ({ "data-label": heads[at] })))))));
}
