// The query: words, facets and a sort order. All of it is in the URL, so that Back, reload and a pasted link work.
const SINGLE = [
  ["inbound", "Inbound", "inbound"], ["outbound", "Outbound", "outbound"], ["subscription", "Subscription", "subscription"],
  ["mode", "Isolation mode", "effective_isolation_mode"], ["kind", "Kind", "kind"], ["region", "Region", "location"], ["state", "State", "provisioning_state"],
];
const FACETS = [["severity", "Violations by severity"], ["verdict", "Findings"], ...SINGLE.map(([name, label]) => [name, label]), ["check", "Check violated"], ["unknown", "Check unknown"], ["control", "Control violated"], ["tag", "Tag"]];
const query = { words: "", sort: "need", down: false, chosen: new Map(), workspace: "", finding: "", places: [], missing: "" };

// A facet has its values, and for each workspace the codes of those that it has, in one array after the other.
function facetOf(listed) {
  const codes = new Map();
  const starts = new Int32Array(size + 1);
  const all = [];
  for (let workspace = 0; workspace < size; workspace += 1) {
    for (const value of listed(workspace)) {
      if (!codes.has(value)) codes.set(value, codes.size);
      all.push(codes.get(value));
    }
    starts[workspace + 1] = all.length;
  }
  return { values: [...codes.keys()], codes: Int32Array.from(all), starts };
}

function violatedChecks(workspace) {
  const found = new Set();
  for (let at = startOf.findings[workspace]; at < startOf.findings[workspace + 1]; at += 1) {
    const [severityRank, verdict, , cause] = judgementOf(at);
    const isProblem = verdict === VIOLATED || (verdict === CONSEQUENCE && facts.statuses[facts.answers.status[facts.findings.answer[at]]] === "fail" && cause >= 0);
    if (severityRank >= 0 && isProblem) found.add(checkOf(at));
  }
  return found;
}

// What the policy says to a mode that lets data out to the internet, "" if it does not, or a finding says it.
function acceptanceOf(workspace) {
  const isTold = !facts.policies.length || facts.workspaces.tallies[policy].waived[workspace] || violatedChecks(workspace).size;
  if (isTold || valueOf(workspace, "outbound") !== "internet") return "";
  return `may send data to the internet by its mode: ${facts.judges_outbound[policy] ? "accepted by" : "not judged by"} ${facts.policies[policy]}`;
}

// The checks that have no answer here. One that is also violated counts as that.
function unknownChecks(workspace) {
  const listed = numbersOf("findings", workspace).map((finding) => [checkOf(finding), judgementOf(finding), facts.statuses[facts.answers.status[facts.findings.answer[finding]]]])
    .filter(([, [rank, verdict]]) => rank >= 0 && [VIOLATED, UNDETERMINED, CONSEQUENCE].includes(verdict));
  const failed = new Set(listed.flatMap(([check, , status]) => (status === "fail" ? [check] : [])));
  return new Set(listed.flatMap(([check]) => (failed.has(check) ? [] : [check])));
}

function tagsOf(workspace) {
  try {
    return Object.entries(JSON.parse(valueOf(workspace, "tags") || "{}")).map(([name, value]) => `${name}=${value}`);
  } catch { return []; }
}

function verdictsOf(workspace) {
  const counts = facts.workspaces.tallies[policy];
  if (!counts) return [];
  const words = facts.severities.some((name) => counts[name][workspace]) ? ["violated"] : [];
  for (const [name, word] of [["unknown", "unknown"], ["waived", "waived"]]) if (counts[name][workspace]) words.push(word);
  return words.length ? words : ["nothing to do"];
}

const MAKERS = {
  severity: (workspace) => facts.severities.filter((name) => facts.workspaces.tallies[policy]?.[name][workspace]),
  verdict: verdictsOf,
  check: (workspace) => [...violatedChecks(workspace)].map((check) => facts.checks[check].id),
  unknown: (workspace) => [...unknownChecks(workspace)].map((check) => facts.checks[check].id),
  control: (workspace) => new Set([...violatedChecks(workspace)].flatMap((check) => facts.checks[check].controls)),
  tag: tagsOf,
};
for (const [name, , column] of SINGLE) MAKERS[name] = (workspace) => [valueOf(workspace, column) || "not reported"];

let facets = {};
const facet = (name) => (facets[name] ??= facetOf(MAKERS[name]));

// Words search names, ids, subscriptions, rules, dependencies and violated checks, and the whole ids of controls. `name:value` searches one facet.
const lowered = [];
const lower = (number) => (number < 0 ? "" : (lowered[number] ??= facts.strings[number].toLowerCase()));

// The places of a workspace that a word matches, each as what it is and its text.
function placesWith(word) {
  const [name, value] = [word.slice(0, word.indexOf(":")), word.slice(word.indexOf(":") + 1)];
  if (Object.hasOwn(MAKERS, name) && value) return valuesWith(name, name, (each) => each.includes(value));
  const known = new Int8Array(facts.strings.length);
  const matches = (number) => {
    if (number < 0) return false;
    known[number] ||= lower(number).includes(word) ? 1 : -1;
    return known[number] > 0;
  };
  const { destination, fqdn, address_prefixes: prefixes } = facts.rules.contents;
  const contents = destination.map((number, at) => [number, fqdn[at], prefixes[at]].find(matches) ?? -1);
  const checks = valuesWith("check", "violates", (each) => each.includes(word));
  const controls = valuesWith("control", "violates", (each) => each.split(" ").pop() === word);
  const columns = [["workspace_id", "id"], ["subscription", "subscription"], ["hub_resource_id", "hub"]];
  return function* (workspace) {
    for (const [column, place] of columns) if (matches(workspaces[column][workspace])) yield [place, valueOf(workspace, column)];
    yield* checks(workspace);
    yield* controls(workspace);
    for (let at = startOf.rules[workspace]; at < startOf.rules[workspace + 1]; at += 1) {
      const content = contents[facts.rules.content[at]];
      if (content >= 0 || matches(facts.rules.name[at])) yield ["rule", [text(facts.rules.name[at]), text(content)].filter(Boolean).join(" to ")];
    }
    for (let at = startOf.dependencies[workspace]; at < startOf.dependencies[workspace + 1]; at += 1) if (matches(facts.dependencies.resource_id[at])) yield ["dependency", text(facts.dependencies.resource_id[at])];
  };
}

function valuesWith(name, place, fits) {
  const { values, codes, starts } = facet(name);
  const wanted = new Set(values.flatMap((value, code) => (fits(value.toLowerCase()) ? [code] : [])));
  return function* (workspace) {
    for (let at = starts[workspace]; at < starts[workspace + 1]; at += 1) if (wanted.has(codes[at])) yield [place, values[codes[at]]];
  };
}

// The words of a query. The full name of a control, such as MCSB NS-2, counts as its id.
function wordsIn(typed) {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const isControl = facts.checks.some(({ controls }) => controls.some((each) => each.toLowerCase() === words.join(" ")));
  return isControl ? words.slice(-1) : words;
}

// Return the workspaces that match, and for each facet how many have each value if that facet alone is left open.
function answered(counting) {
  query.places = wordsIn(query.words).map((word) => [word, placesWith(word)]);
  const chosen = [...query.chosen].map(([name, values]) => {
    const { values: all, codes, starts } = facet(name);
    const wanted = new Set([...values].map((value) => all.indexOf(value)));
    return { name, codes, starts, wanted };
  });
  const counts = Object.fromEntries(counting.map((name) => [name, new Int32Array(facet(name).values.length)]));
  const found = [];
  for (let workspace = 0; workspace < size; workspace += 1) {
    if (!query.places.every(([, places]) => !places(workspace).next().done)) continue;
    let missed = null;
    let misses = 0;
    for (const { name, codes, starts, wanted } of chosen) {
      let isHit = false;
      for (let at = starts[workspace]; at < starts[workspace + 1] && !isHit; at += 1) isHit = wanted.has(codes[at]);
      if (!isHit) { misses += 1; missed = name; }
    }
    if (!misses) found.push(workspace);
    if (misses > 1) continue;
    for (const name of counting) {
      if (misses && missed !== name) continue;
      const { codes, starts } = facet(name);
      for (let at = starts[workspace]; at < starts[workspace + 1]; at += 1) counts[name][codes[at]] += 1;
    }
  }
  return { found: sorted(found), counts };
}

const SORTS = {
  need: (workspace) => workspace,
  name: (workspace) => lower(workspaces.workspace[workspace]),
  subscription: (workspace) => lower(workspaces.subscription[workspace]),
  region: (workspace) => lower(workspaces.location[workspace]),
  inbound: (workspace) => lower(workspaces.inbound[workspace]),
  outbound: (workspace) => lower(workspaces.outbound[workspace]),
  rules: (workspace) => Number(valueOf(workspace, "outbound_rules") ?? NaN),
  endpoints: (workspace) => Number(valueOf(workspace, "approved_private_endpoints") ?? NaN),
  score: (workspace) => Number(facts.workspaces.scores[policy]?.[workspace] || NaN),
};

// Sort the workspaces; one whose value is not known comes last in either direction.
function sorted(found) {
  if (query.sort === "need" && policy === 0) return query.down ? found.reverse() : found;
  const keyOf = query.sort === "need" ? needOf : SORTS[query.sort];
  const keys = new Map(found.map((workspace) => [workspace, keyOf(workspace)]));
  const isAbsent = (key) => key === "" || Number.isNaN(key);
  const sign = query.down ? -1 : 1;
  return found.sort((one, other) => {
    const [a, b] = [keys.get(one), keys.get(other)];
    return isAbsent(a) - isAbsent(b) || (a === b || isAbsent(a) ? one - other : a < b ? -sign : sign);
  });
}

// A key that puts more and worse violations first.
function needOf(workspace) {
  const counts = facts.workspaces.tallies[policy];
  return [...facts.severities, "unknown"].map((name) => String(99999 - counts[name][workspace]).padStart(5, "0")).join("");
}

function stateInUrl() {
  const parts = new URLSearchParams();
  if (policy) parts.set("policy", facts.policies[policy]);
  if (query.words.trim()) parts.set("q", query.words.trim());
  if (query.sort !== "need" || query.down) parts.set("sort", (query.down ? "-" : "") + query.sort);
  for (const [name, values] of query.chosen) for (const value of [...values].sort()) parts.append(name, value);
  if (byId("reach-input").value.trim()) parts.set("reach", byId("reach-input").value.trim());
  if (query.workspace) parts.set("w", query.workspace);
  if (query.finding) parts.set("finding", query.finding);
  return "#" + parts.toString();
}

function readUrl() {
  const hash = location.hash.slice(1);
  const parts = new URLSearchParams(hash.includes("=") ? hash : "");
  policy = Math.max(0, facts.policies.indexOf(parts.get("policy")));
  query.words = parts.get("q") ?? "";
  const sort = parts.get("sort") ?? "need";
  query.down = sort.startsWith("-");
  query.sort = Object.hasOwn(SORTS, sort.replace(/^-/, "")) ? sort.replace(/^-/, "") : "need";
  query.chosen = new Map(FACETS.flatMap(([name]) => (parts.has(name) ? [[name, new Set(parts.getAll(name))]] : [])));
  query.workspace = parts.get("w") ?? "";
  query.finding = parts.get("finding") ?? (hash.startsWith("finding-") ? hash.slice("finding-".length) : "");
  return parts;
}
