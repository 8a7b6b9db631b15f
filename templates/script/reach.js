// May a workspace reach a destination? The same answers as the Python package checks.network, whose tables are in
// `facts.reach`. A claim is true, false or null, which is "the reported values do not decide".
const engine = facts.reach;
const allOf = (claims) => (claims.includes(false) ? false : claims.includes(null) ? null : true);
const anyOf = (claims) => (claims.includes(true) ? true : claims.includes(null) ? null : false);
const isUnder = (name, domain) => name === domain || name.endsWith("." + domain);
const globMatches = (word, glob) => (glob.endsWith("*") ? word.startsWith(glob.slice(0, -1)) : word === glob);

function normalHost(host) {
  const name = host.trim().replace(/\.+$/, "").toLowerCase();
  if (/^[\x00-\x7f]*$/.test(name)) return name;
  try { return new URL("http://" + name).hostname.replace(/\.+$/, ""); } catch { return name; }
}

// Networks: { version, first, last }, the addresses as BigInt.
function parsedAddress(word) {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(word)) {
    const parts = word.split(".");
    if (parts.some((part) => Number(part) > 255 || (part.length > 1 && part[0] === "0"))) return null;
    return { version: 4, value: parts.reduce((value, part) => value * 256n + BigInt(part), 0n) };
  }
  let groups = word;
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(word);
  if (dotted) {
    const inner = parsedAddress(dotted[2]);
    if (!inner) return null;
    groups = dotted[1] + (inner.value >> 16n).toString(16) + ":" + (inner.value & 0xffffn).toString(16);
  }
  const halves = groups.split("::");
  if (halves.length > 2 || !groups.includes(":")) return null;
  const [head, tail] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  const all = [...head, ...Array(halves.length === 1 ? 0 : missing).fill("0"), ...(tail ?? [])];
  if (!all.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null;
  return { version: 6, value: all.reduce((value, group) => value * 65536n + BigInt("0x" + group), 0n) };
}

// IPv4-mapped IPv6 is IPv4, but not in IANA's blocks, of which one is all of it.
function parsedNetwork(word) {
  const found = writtenNetwork(word);
  const isMapped = found?.version === 6 && found.prefix >= 96 && found.first >> 32n === 0xffffn;
  return isMapped ? { version: 4, prefix: found.prefix - 96, first: found.first & 0xffffffffn, last: found.last & 0xffffffffn } : found;
}

function writtenNetwork(word) {
  const [place, length, ...more] = word.trim().split("/");
  const address = more.length ? null : parsedAddress(place);
  if (!address) return null;
  const bits = address.version === 4 ? 32 : 128;
  if (length !== undefined && !(/^\d{1,3}$/.test(length) && Number(length) <= bits)) return null;
  const prefix = length === undefined ? bits : Number(length);
  const mask = (1n << BigInt(bits - prefix)) - 1n;
  const first = address.value & ~mask;
  return { version: address.version, prefix, first, last: first | mask };
}

const includesNetwork = (outer, inner) => outer.version === inner.version && outer.first <= inner.first && inner.last <= outer.last;
const notPublic = engine.notPublic.map(writtenNetwork);
const everyIpv4 = parsedNetwork("0.0.0.0/0");
const overlapsAny = (networks, other) => networks.some((each) => includesNetwork(each, other) || includesNetwork(other, each));

// Whether every address of one network is an address of another one, or of several together.
function coversNetwork(networks, inner) {
  let next = inner.first;
  for (const each of networks.filter((one) => one.version === inner.version).sort((a, b) => (a.first < b.first ? -1 : 1))) {
    if (each.first <= next && next <= each.last) next = each.last + 1n;
  }
  return next > inner.last;
}

// Null for a network of which the internet routes a part.
function isPublicNetwork(network) {
  if (coversNetwork(notPublic, network)) return false;
  return overlapsAny(notPublic, network) ? null : true;
}

const isPublicPlace = (destination) => (destination.kind === "address" ? isPublicNetwork(destination.network) : destination.kind !== "endpoint");

function parsedPorts(ranges) {
  const found = [];
  for (const part of ranges.split(",")) {
    const [first, ...rest] = part.trim() === "*" ? ["0", "65535"] : part.split("-").map((piece) => piece.trim());
    const low = first, high = rest.length ? rest.join("-") : first;
    if (![low, high].every((port) => /^\d+$/.test(port) && Number(port) <= 65535) || Number(low) > Number(high)) return null;
    found.push([Number(low), Number(high)]);
  }
  return found;
}

// Hosts and the services behind them.
function coversHost(wide, narrow) {
  const [outer, inner] = [normalHost(wide), normalHost(narrow)];
  return outer.startsWith("*") ? inner.replace(/^\*/, "").endsWith(outer.slice(1)) : outer === inner;
}

const isWildcard = (host) => host.startsWith("*");

function coversAPart(rule, asked) {
  const isNarrow = isWildcard(normalHost(asked)) && normalHost(asked) !== "*";
  return isNarrow && coversHost(asked, rule) && !coversHost(rule, asked);
}

function isStorage(host) {
  const name = normalHost(host).replace(/^\*\./, "");
  return engine.storage.some((suffix) => isUnder(name, suffix));
}

function serviceOf(tag) {
  const word = tag.trim().toLowerCase();
  return word.startsWith("azurefrontdoor.") ? word.split(".").slice(0, 2).join(".") : word.split(".")[0];
}

function regionOf(tag) {
  const word = tag.trim().toLowerCase();
  return word.slice(serviceOf(tag).length).replace(/^\./, "");
}

function coversTag(wide, narrow) {
  const [outer, inner] = [serviceOf(wide), serviceOf(narrow)];
  if (outer === inner || inner.startsWith(outer + ".")) {
    return ["", regionOf(narrow)].includes(regionOf(wide)) ? true : regionOf(narrow) === "" ? null : false;
  }
  if (outer === "internet") return inner !== "virtualnetwork";
  if (engine.wholeTags.includes(inner) || [outer, inner].includes("virtualnetwork")) return false;
  if (outer === "azurecloud") return inner === "storage" && !regionOf(wide) ? true : null;
  const isOverlapping = engine.overlappingTags.some((pair) => pair.includes(outer) && pair.includes(inner));
  return outer.startsWith(inner + ".") || isOverlapping ? null : false;
}

function mayIncludeHost(tag, host) {
  const [service, name] = [serviceOf(tag), normalHost(host)];
  if (name.startsWith("*") || service === "internet" || service === "azurecloud") return true;
  const known = engine.tagsOfSuffix.find(([suffix]) => isUnder(name, suffix));
  if (known) return known[1].some((glob) => globMatches(service, glob));
  if (engine.ofMicrosoft.some((domain) => isUnder(name, domain))) return true;
  return engine.customDomains.some((glob) => globMatches(service, glob));
}

function resourceTypeOf(id) {
  const word = id.trim().toLowerCase().replace(/\/+$/, "");
  const at = word.lastIndexOf("/providers/");
  const [provider, ...rest] = word.slice(at + "/providers/".length).split("/");
  if (at < 0 || rest.length < 2 || rest.length % 2) return null;
  return [provider, ...rest.filter((_, place) => place % 2 === 0)].join("/");
}

function isHostOfTarget(host, id, part) {
  const [type, name] = [resourceTypeOf(id), normalHost(host)];
  const suffix = engine.nameOfTarget[type ?? ""]?.[part.trim().toLowerCase()];
  if (suffix) return coversHost(id.trim().replace(/\/+$/, "").split("/").pop().toLowerCase() + "." + suffix, name);
  if (type === null || engine.anyName.includes(type)) return null;
  const domains = engine.domainsOfTarget[type] ?? [...engine.ofMicrosoft, ...engine.tagsOfSuffix.map(([domain]) => domain)];
  return domains.some((domain) => isUnder(name, domain)) ? null : false;
}

// One rule and one destination.
const IN_FORCE = { active: true, inactive: false, provisioning: false, deleting: false, failed: false };
const isInForce = (rule) => IN_FORCE[(rule.status ?? "").toLowerCase()] ?? null;

const hasDocumentedType = (rule) => ["fqdn", "servicetag", "privateendpoint"].includes(rule.type);

function allows(rule) {
  if (!hasDocumentedType(rule)) return null;
  return rule.type !== "servicetag" || ({ allow: true, deny: false, "": true }[(rule.action ?? "").toLowerCase()] ?? null);
}

function needsPrivateEndpoint(rule, destination) {
  if (rule.type !== "fqdn" || destination.kind !== "host") return false;
  return isStorage(destination.name) && !engine.documented.includes(normalHost(destination.name));
}

function leadsTo(rule, destination) {
  if (rule.type === "fqdn") {
    if (destination.kind !== "host" || ![80, 443].includes(destination.port) || destination.protocol !== "tcp") return false;
    return rule.fqdn && !coversAPart(rule.fqdn, destination.name) ? coversHost(rule.fqdn, destination.name) : null;
  }
  if (rule.type === "servicetag") {
    if (destination.kind === "endpoint") return false;
    return allOf([tagRuleCovers(rule, destination), carries(rule.protocol, destination.protocol), includesPort(rule.port_ranges, destination.port)]);
  }
  return rule.type === "privateendpoint" ? endpointLeadsTo(rule, destination) : null;
}

function tagRuleCovers(rule, destination) {
  if (rule.address_prefixes === null) return null;
  if (rule.address_prefixes) return prefixesCover(rule.address_prefixes.split(","), destination);
  if (!rule.service_tag) return null;
  const tag = rule.service_tag.trim().toLowerCase();
  if (destination.kind === "service") return coversTag(tag, destination.tag);
  if (destination.kind === "host") return tag === "internet" ? true : tagCoversHost(tag, destination.name);
  const isPublic = isPublicNetwork(destination.network);
  if (tag === "internet") return isPublic;
  if (tag === "virtualnetwork") return isPublic ? false : null;
  return isPublic === false ? false : null;
}

function tagCoversHost(tag, host) {
  const [service, region] = [tag.split(".")[0], tag.split(".").slice(1).join(".")];
  if (["storage", "azurecloud"].includes(service) && isStorage(host)) return region || host.startsWith("*") ? null : true;
  return mayIncludeHost(tag, host) ? null : false;
}

function prefixesCover(prefixes, destination) {
  const parsed = prefixes.map(parsedNetwork);
  const networks = parsed.filter(Boolean);
  const isUnsure = networks.length < prefixes.length;
  if (destination.kind === "address") {
    if (coversNetwork(networks, destination.network)) return true;
    return isUnsure || overlapsAny(networks, destination.network) ? null : false;
  }
  if (coversNetwork(networks, everyIpv4)) return true;
  const isWhole = destination.kind === "service" && engine.wholeTags.includes(serviceOf(destination.tag));
  return isUnsure || (!isWhole && networks.some((network) => isPublicNetwork(network) !== false)) ? null : false;
}

function carries(protocol, wanted) {
  const known = (protocol ?? "").trim().toLowerCase();
  if (known === "*") return true;
  return ["tcp", "udp", "icmp"].includes(known) ? known === wanted : null;
}

function includesPort(ranges, port) {
  const ports = ranges === null ? null : parsedPorts(ranges);
  return ports === null ? null : ports.some(([low, high]) => low <= port && port <= high);
}

function endpointLeadsTo(rule, destination) {
  const { service_resource_id: target, subresource_target: part } = rule;
  if (destination.kind === "host") return target && part ? isHostOfTarget(destination.name, target, part) : null;
  if (destination.kind === "address") return isPublicNetwork(destination.network) ? false : null;
  if (destination.kind === "service") return false;
  const sameId = (id) => id.trim().replace(/\/+$/, "").toLowerCase();
  const isPart = part ? part.trim().toLowerCase() === destination.subresource.toLowerCase() : null;
  return allOf([isPart, target ? sameId(target) === sameId(destination.id) : null]);
}

function opens(rule, destination) {
  if (needsPrivateEndpoint(rule, destination)) return false;
  return allOf([leadsTo(rule, destination), allows(rule), isInForce(rule), ...(includesStorage(rule, destination) ? [null] : [])]);
}

// Whether the rule certainly lets traffic through to some, but not all, of the destination.
function opensAPart(rule, destination) {
  if (opens(rule, destination) !== null || !allows(rule) || !isInForce(rule)) return false;
  if (destination.kind === "host") return Boolean(rule.fqdn) && coversAPart(rule.fqdn, destination.name);
  if (destination.kind === "address" && rule.address_prefixes) {
    return overlapsAny(rule.address_prefixes.split(",").map(parsedNetwork).filter(Boolean), destination.network);
  }
  return destination.kind === "service" && !rule.address_prefixes && Boolean(rule.service_tag) && coversTag(destination.tag, rule.service_tag) === true;
}

// Whether a host-name rule is asked about a wildcard of which a part is storage.
function includesStorage(rule, destination) {
  if (rule.type !== "fqdn" || destination.kind !== "host" || !destination.name.startsWith("*")) return false;
  const host = normalHost(destination.name);
  return engine.storage.some((suffix) => host === suffix || coversHost("*." + suffix, host) || ("." + suffix).endsWith(host.slice(1)));
}

function denies(rule, destination) {
  const allowed = allows(rule);
  return allOf([leadsTo(rule, destination), allowed === null ? null : !allowed, isInForce(rule)]);
}

// The rules of the fleet, each different one once; what they do with one destination is worked out once.
const normalRules = facts.rules.classes.map((_, content) => Object.fromEntries(Object.entries(facts.rules.normal).map(([name, numbers]) => [name, text(numbers[content])])));
const ANSWERS = new Map([[true, "allowed"], [false, "blocked"], [null, "unknown"]]);

function reachJudge(destination) {
  const known = new Map();
  const judged = (content) => {
    if (!known.has(content)) {
      const rule = normalRules[content];
      known.set(content, { rule, opens: opens(rule, destination), denies: denies(rule, destination), opensInForce: opens({ ...rule, status: "active" }, destination) });
    }
    return known.get(content);
  };
  return (workspace) => {
    const network = {
      mode: valueOf(workspace, "effective_isolation_mode") ?? "",
      isComplete: Boolean(workspaces.complete[workspace]),
      rules: rulesOf(workspace).map(({ name, content }) => ({ name, content, ...judged(content) })),
    };
    const found = isReachable(network, destination);
    const why = found === true ? whyAllowed(network) : found === false ? whyBlocked(network, destination) : whyUnknown(network, destination);
    // After a change of the mode Azure provisions again, and a rule that is not in force now may be in force then.
    const openings = network.rules.filter((each) => (isInternet(network.mode) ? each.opensInForce : each.opens));
    return { answer: ANSWERS.get(found), kind: "", mode: network.mode, openings, ...why };
  };
}

const isInternet = (mode) => mode.toLowerCase() === "allowinternetoutbound";

function isReachable({ mode, isComplete, rules }, destination) {
  const word = mode.toLowerCase();
  const isPublic = isPublicPlace(destination);
  if (word === "allowinternetoutbound" && isPublic !== false) return isPublic;
  if (!["allowinternetoutbound", "allowonlyapprovedoutbound"].includes(word) || !isComplete) return null;
  const isOpen = anyOf(rules.map((each) => each.opens));
  return isOpen && anyOf(rules.map((each) => each.denies)) !== false ? null : isOpen;
}

function whyAllowed({ mode, rules }) {
  const opening = rules.find((each) => each.opens)?.name;
  return opening ? { rule: opening, reason: `The rule ${opening} opens it.` } : { rule: "", reason: `${mode} opens every public address.` };
}

function whyBlocked({ rules }, destination) {
  for (const { name, rule, denies: isDenied } of rules) {
    if (leadsTo(rule, destination) !== true) continue;
    if (isDenied) return { rule: name, reason: `The rule ${name} denies it.` };
    if (needsPrivateEndpoint(rule, destination)) return { rule: name, reason: `The rule ${name} names storage, which needs a private endpoint in this mode.` };
    if (isInForce(rule) === false) return { rule: name, reason: `The rule ${name} would open it, but its status is ${rule.status}.` };
  }
  const byName = { ...destination, port: 443, protocol: "tcp" };
  const isOther = destination.kind === "host" && (destination.port !== 443 || destination.protocol !== "tcp");
  const name = isOther && rules.find(({ rule }) => rule.type === "fqdn" && opens(rule, byName) === true)?.name;
  if (name) return { rule: name, reason: `The rule ${name} opens the name on ports 80 and 443 over TCP only.` };
  return { rule: "", reason: "No outbound rule in force opens it." };
}

function whyUnknown({ mode, isComplete, rules }, destination) {
  const because = (kind, reason, rule = "") => ({ rule, reason, kind, destination });
  const word = mode.toLowerCase();
  if (word === "disabled") return because("off", "The managed network is off, so the customer's own network decides.");
  if (!["allowinternetoutbound", "allowonlyapprovedoutbound"].includes(word)) return because("mode", `The isolation mode is ${mode || "not reported"}.`);
  if (!isComplete) return because("rules", "Not all outbound rules were read.");
  const opening = rules.find((each) => each.opens)?.name;
  const denial = rules.find((each) => each.denies !== false)?.name;
  if (opening && denial) return because("conflict", `The rule ${opening} opens it and the rule ${denial} may deny it; Azure does not document which wins.`, opening);
  if (word === "allowinternetoutbound" && isPublicPlace(destination) === null) return because("public", `${mode} opens the public part of the network only.`);
  if (destination.kind === "address" && isPublicPlace(destination) === false) return because("private", "The address is private: it may be a private endpoint or the managed network itself.");
  const unsure = rules.filter((each) => each.opens === null);
  if (!unsure.length) return because("undecided", "The reported values do not decide it.");
  const [{ name, rule }] = unsure;
  const others = unsure.length - 1;
  const more = others ? ` ${others} more rule${others > 1 ? "s" : ""} may open it.` : "";
  if (!hasDocumentedType(rule)) return because("value", `The type of the rule ${name} is ${rule.type || "not reported"}.${more}`, name);
  if (isInForce(rule) === null) return because("value", `The status of the rule ${name} is ${rule.status || "not reported"}.${more}`, name);
  if (allows(rule) === null) return because("value", `The action of the rule ${name} is ${rule.action || "not reported"}.${more}`, name);
  if (opensAPart(rule, destination)) return because("part", `The rule ${name} opens a part of it.${more}`, name);
  const [kind, why] = whatWouldDecide(rule, destination);
  return because(kind, `The rule ${name} may include it: ${why}.${more}`, name);
}

function whatWouldDecide(rule, destination) {
  if (destination.kind === "address" && rule.service_tag) return ["addresses", "the addresses of its service tag decide, so add --service-tags FILE"];
  if (destination.kind === "service" && rule.address_prefixes) return ["tag", "the addresses of the service tag decide"];
  if (destination.kind === "service" && rule.service_tag) return ["tag", "the two service tags have addresses in common"];
  if (destination.kind === "host" && rule.service_tag) return ["host", "DNS decides whether the host has an address that the rule opens"];
  if (["host", "endpoint"].includes(destination.kind)) return [destination.kind === "host" ? "target" : "value", "the name of its private endpoint does not follow from the target's id"];
  return ["value", "not all its values were reported"];
}
