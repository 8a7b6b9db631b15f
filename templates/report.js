"use strict";
(() => {
const details = JSON.parse(document.getElementById("details").textContent);
const text = (number) => (number < 0 ? null : details.strings[number]);
// One number for each policy: the rank of the severity, the rank of the verdict, and the text of the waiver.
const judged = ([severities, verdicts, waivers]) => ({ severities, verdicts, waivers });
const answers = details.answers.map(([check, status, observed, expected, reason, judgement]) => ({
  check: details.checks[check], status: details.statuses[status], order: status,
  observed, expected, reason, ...judged(details.judgements[judgement]),
}));
const byId = (id) => document.getElementById(id);

// Texts from Azure are set through textContent, so that none of them is parsed as HTML.
function element(tag, options = {}, ...children) {
  const made = document.createElement(tag);
  const { on = {}, ...attributes } = options;
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  for (const [event, listener] of Object.entries(on)) made.addEventListener(event, listener);
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

function mark(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "mark " + name);
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", "#mark-" + name);
  svg.append(use);
  return svg;
}

const isolated = (value, kind = null) => element("bdi", { class: kind }, value);
// Let a word break before a capital and an id after a slash, so that the browser breaks them nowhere else.
function breakable(value) {
  const parts = value.split(value.includes("/") ? /(?<=\/)(?=[^/])/ : /(?<=[a-z])(?=[A-Z])/);
  return element("bdi", {}, ...parts.flatMap((part, at) => (at ? [element("wbr"), part] : [part])));
}
const counted = (number, one, many) => number.toLocaleString("en") + " " + (number === 1 ? one : many);

{% include "details.js" %}
{% include "inventory.js" %}
{% include "filters.js" %}
})();
