// The picture of a workspace: who may come in, the managed network, where it may go, and what is behind it.
// The width of a text in the font of the picture, in which it has 12 pixels.
const ruler = document.createElement("canvas").getContext("2d");

function widthOf(words, weight = 400) {
  ruler.font = `${weight} 12px ${getComputedStyle(document.body).fontFamily}`;
  return ruler.measureText(words).width;
}

function short(words, room, weight = 400) {
  if (widthOf(words, weight) <= room) return words;
  const letters = [...words].slice(0, 80);
  while (letters.length > 1 && widthOf(letters.join("") + "…", weight) > room) letters.pop();
  return letters.join("") + "…";
}

// The room for a text: left of the managed network, in it, right of it, and in the box of a dependency.
const [LEFT, MIDDLE, RIGHT, BOX] = [166, 142, 202, 124];

function drawn(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function label(x, y, words, kind = "", anchor = "start") {
  return drawn("text", { x, y, class: kind, ...(anchor === "start" ? {} : { "text-anchor": anchor }) }, words);
}

// Whether the whole list of a kind was read.
const isWhole = (workspace, kind) => workspaces.read[workspace][facts.kinds.indexOf(kind)] === "y";

// How many there are. A list that was not read completely is no count.
function membersOf(workspace, name, kinds) {
  const count = numbersOf(name, workspace).length;
  if (kinds.every((kind) => isWhole(workspace, kind))) return [counted(count, name.slice(0, -1), name), ""];
  return [count ? `at least ${count.toLocaleString("en")} ${name}` : `${name} not read`, "unsure"];
}

function comersOf(workspace) {
  const inbound = valueOf(workspace, "inbound");
  const lines = [];
  if (inbound === "public") lines.push(["the internet", "open"]);
  if (inbound === "selected addresses") lines.push([short(valueOf(workspace, "ip_rules") || "selected addresses", LEFT), "open"]);
  if (inbound === "unknown") lines.push(["not reported who", "unsure"]);
  const owner = workspaces.network[workspace] < 0 ? workspace : workspaces.network[workspace];
  for (const [, status, id] of rowsOf("connections", owner, "connection", "status", "private_endpoint_id")) {
    const subscription = (id ?? "").split("/")[2] ?? "";
    const name = workspaces.subscription_id.findIndex((number) => text(number) === subscription);
    const where = name < 0 ? subscription.slice(0, 8) : valueOf(name, "subscription") ?? "";
    if (status === "Approved") lines.push([short("endpoint in " + where, LEFT), "closed"]);
    else lines.push([short((status ?? "unknown").toLowerCase() + ", " + where, LEFT), "unsure"]);
  }
  if (!isWhole(owner, "private endpoint connections")) lines.push(["private endpoints not read", "unsure"]);
  return lines.length ? lines : [["nobody from outside", "closed"]];
}

function goalsOf(workspace) {
  const outbound = valueOf(workspace, "outbound");
  if (outbound === "internet") return [["the internet", "open"], ...goalsOfRules(workspace, true)];
  if (outbound === "no managed network") return [["what your own network", "open"], ["allows: not judged here", "faint"]];
  const goals = goalsOfRules(workspace, false);
  return goals.length ? goals : [[workspaces.complete[workspace] ? "no rule in force" : "rules were not read", "unsure"]];
}

function goalsOfRules(workspace, isPrivateOnly) {
  const kinds = new Map();
  for (const { content, name } of rulesOf(workspace)) {
    const kind = facts.rules.classes[content];
    if (!isInForce(normalRules[content]) || (isPrivateOnly && kind !== "private endpoint")) continue;
    if (!kinds.has(kind)) kinds.set(kind, []);
    kinds.get(kind).push({ name, where: contentOf(content, "destination") });
  }
  const lines = (kinds.get("open to everybody") ?? []).slice(0, 3).map(({ name, where }) => {
    const objected = " " + objection(name, workspace);
    return [short(where, RIGHT - widthOf(objected)) + objected, "open"];
  });
  const more = (kinds.get("open to everybody")?.length ?? 0) - lines.length;
  if (more > 0) lines.push([`and ${more} more openings`, "open"]);
  if (kinds.has("not decided")) lines.push([counted(kinds.get("not decided").length, "rule", "rules") + " not decided", "unsure"]);
  if (kinds.has("one owner")) lines.push([counted(kinds.get("one owner").length, "narrow rule", "narrow rules"), "closed"]);
  if (kinds.has("private endpoint")) lines.push([counted(kinds.get("private endpoint").length, "private endpoint", "private endpoints"), "closed"]);
  if (kinds.has("Azure's own")) lines.push([counted(kinds.get("Azure's own").length, "rule", "rules") + " of Azure's own", "faint"]);
  return lines;
}

// The check that objects to a rule.
function objection(rule, workspace) {
  const owner = workspaces.network[workspace];
  const finding = owner < 0 ? undefined : numbersOf("findings", owner).find((each) => text(facts.findings.resource[each]) === "/outboundRules/" + rule && judgementOf(each)[1] === VIOLATED);
  return finding === undefined ? "" : facts.checks[checkOf(finding)].id;
}

const MODES = { allowonlyapprovedoutbound: "only approved outbound", allowinternetoutbound: "internet outbound", disabled: "no managed network" };

function pictureOf(workspace) {
  const owner = workspaces.network[workspace] < 0 ? workspace : workspaces.network[workspace];
  const [comers, goals] = [comersOf(workspace).slice(0, 6), goalsOf(workspace).slice(0, 6)];
  const inner = [membersOf(workspace, "computes", ["computes"]), membersOf(workspace, "endpoints", ["online endpoints", "batch endpoints"])];
  const behind = rowsOf("dependencies", owner, "role", "access", "default_action", "endpoints", "perimeter", "resource_id").slice(0, 4);
  const side = (lines, x, anchor) => lines.map(([words, kind], at) => label(x, 46 + at * 21, words, kind, anchor));
  const arrows = (lines, from, to) => lines.map(([, kind], at) => drawn("path", { class: kind, d: `M${from} ${42 + at * 21}H${to}` }));
  const story = [
    `In: ${comers.map(([words]) => words).join("; ")}.`, `Inside: ${inner.map(([words]) => words).join(", ")}.`, `Out: ${goals.map(([words]) => words).join("; ")}.`,
    `Behind: ${behind.map(([role, access, action, , perimeter, id]) => [role, access || "not read", action, perimeter && "perimeter " + perimeter, objectionTo(id, owner)].filter(Boolean).join(" ")).join("; ") || "nothing was read"}.`,
  ].join(" ");
  const picture = drawn("svg", { class: "picture", viewBox: "0 0 600 260", width: 600, height: 260, role: "img", "aria-label": story },
    drawn("title", {}, `${nameOf(workspace)}: who may come in and where it may go`), drawn("desc", {}, story),
    label(8, 20, "may come in", "head"), label(281, 20, "inside", "head", "middle"), label(592, 20, "may go to", "head", "end"),
    drawn("path", { class: "wall in-" + dashed(valueOf(workspace, "inbound")), d: "M196 30V182" }),
    drawn("path", { class: "wall out-" + dashed(valueOf(workspace, "outbound")), d: "M364 30V182" }),
    ...side(comers, 8), ...side(goals, 592, "end"),
    ...arrows(comers, 178, comers[0][0] === "nobody from outside" ? 178 : 206), ...arrows(goals, 356, 384),
    label(281, 62, short(nameOf(workspace), MIDDLE, 600), "strong", "middle"), ...inner.map(([words, kind], at) => label(281, 92 + at * 21, words, kind, "middle")),
    label(281, 143, MODES[(valueOf(workspace, "effective_isolation_mode") ?? "").toLowerCase()] ?? "mode not reported", "faint", "middle"),
    label(281, 163, short((valueOf(workspace, "managed_network_status") ?? "").toLowerCase(), MIDDLE), "faint", "middle"),
    label(8, 208, "behind it", "head"),
    ...(behind.length ? behind.flatMap((row, at) => dependencyIn(row, 8 + at * 148, owner)) : [label(8, 234, "no dependency was read", "unsure")]));
  return element("figure", { tabindex: "0", role: "group", "aria-label": "Picture of the workspace" }, picture, element("figcaption", { class: "hint" }, "The picture is wider: move it sideways →"));
}

// The check of its lock that objects to a dependency, such as for what its perimeter admits.
function objectionTo(id, owner) {
  const finding = numbersOf("findings", owner).find((each) => resourceOf(each, owner).toLowerCase() === (id ?? "").toLowerCase() && judgementOf(each)[1] === VIOLATED && ["RES001", "RES002", "RES003"].includes(facts.checks[checkOf(each)].id));
  return finding === undefined ? "" : facts.checks[checkOf(finding)].id;
}

function dependencyIn([role, access, action, endpoints, perimeter, id], x, owner) {
  const objected = objectionTo(id, owner);
  const isOpen = objected || (/enabled/i.test(access ?? "") && !/deny/i.test(action ?? ""));
  const kind = !access ? "unsure" : isOpen ? "open" : "closed";
  const lock = !access ? "not read" : perimeter ? "perimeter " + perimeter.toLowerCase() : isOpen ? "open" : /perimeter/i.test(access) ? "perimeter" : action && /deny/i.test(action) && /enabled/i.test(access) ? "selected" : "closed";
  return [
    drawn("rect", { class: kind, x, y: 216, width: 138, height: 36, rx: 3 }),
    label(x + 8, 231, short(`${role ?? "resource"} ${objected}`.trim(), BOX, 600), "strong"),
    label(x + 8, 246, short(lock + (!perimeter && endpoints && /^\d+$/.test(endpoints) ? `, ${counted(Number(endpoints), "endpoint", "endpoints")}` : ""), BOX), kind),
  ];
}
