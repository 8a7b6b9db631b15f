// Parse what people type, as `azml-audit reach` does. Throws an Error with a sentence for people.
const FORMS = "Write a host such as pypi.org or pypi.org:80/tcp, an address such as 20.1.2.3:22, a network, a service tag such as Storage.WestEurope, or a resource id such as /subscriptions/…/storageAccounts/sa#blob.";

function destinationOf(typed) {
  let word = typed.trim();
  if (word.toLowerCase().startsWith("/subscriptions/")) return endpointOf(word);
  if (word.includes("://")) word = ofUrl(typed, word);
  let protocol = "tcp";
  const last = word.slice(word.lastIndexOf("/") + 1).toLowerCase();
  if (word.lastIndexOf("/") > 0 && ["tcp", "udp", "icmp"].includes(last)) [protocol, word] = [last, word.slice(0, word.lastIndexOf("/"))];
  else if (word.lastIndexOf("/") > 0 && !/^\d+$/.test(last)) throw new Error(`There is no protocol ${last}. ${FORMS}`);
  const found = parsedNetwork(word) ? null : /^(\[[^\]]*\]|[^:]*):([^:]*)$/.exec(word);
  if (found && !(/^\d+$/.test(found[2]) && Number(found[2]) >= 1 && Number(found[2]) <= 65535)) throw new Error(`${found[2] || "Nothing"} is no port from 1 to 65535. ${FORMS}`);
  const [place, port] = found ? [found[1], Number(found[2])] : [word, 443];
  const network = parsedNetwork(place.replace(/^\[+|\]+$/g, ""));
  if (network) return { kind: "address", network, port, protocol };
  const tag = tagOf(typed, place);
  if (tag) return { kind: "service", tag, port, protocol };
  const name = normalHost(place);
  const labels = name.replace(/^\*\.?/, "").split(".");
  const isHost = name === "*" || (labels.every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label)) && name.length <= 253 && !place.trim().startsWith("."));
  if (!isHost || /^\d+$/.test(labels.at(-1))) throw new Error(`${typed.trim() || "Nothing"} is no destination. ${FORMS}`);
  return { kind: "host", name, port, protocol };
}

function tagOf(typed, place) {
  const spelled = (name) => engine.tags.find((tag) => tag.toLowerCase() === name.toLowerCase());
  const [head, ...rest] = place.split(".");
  const [known, region] = [spelled(head), rest.join(".")];
  if (spelled(place)) return spelled(place);
  if (head && !head.startsWith("*") && /^[a-z]*(north|south|east|west|central|usgov|usdod)[a-z]*\d?$/i.test(region)) {
    if (!known) throw new Error(`There is no service tag ${head} for ${typed.trim()}. ${FORMS}`);
    return `${known}.${region}`;
  }
  return head === known && /^[A-Z][A-Za-z0-9]*$/.test(region) ? place : "";
}

function ofUrl(typed, word) {
  const [scheme, rest] = [word.split("://")[0].toLowerCase(), word.split("://").slice(1).join("://").split(/[/?#]/)[0]];
  const port = { https: 443, http: 80 }[scheme];
  if (!port) throw new Error(`The scheme of ${typed.trim()} is unknown. ${FORMS}`);
  return /:\d+$/.test(rest) ? rest : `${rest}:${port}`;
}

function endpointOf(word) {
  const [id, ...parts] = word.split("#");
  const type = resourceTypeOf(id);
  if (type === null) throw new Error(`${id} is not the id of a resource. ${FORMS}`);
  const known = engine.subresources[type] ?? [];
  const part = parts.join("#") || (known.length === 1 ? known[0] : "");
  if (!part) throw new Error(`Add the sub-resource: ${id}#${known[0] ?? "NAME"}.${known.length ? ` Choose from: ${known.join(", ")}.` : ""}`);
  return { kind: "endpoint", id, subresource: part };
}
