// Unpack the facts: columns of numbers, where a number is the position of a text in `strings` and -1 is "not reported".
async function unpacked(base64) {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at += 1) bytes[at] = binary.charCodeAt(at);
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
}

const facts = await unpacked(byId("facts").textContent);
byId("facts").remove();
const { workspaces } = facts;
const size = workspaces.workspace.length;
const text = (number) => (number === undefined || number < 0 ? null : facts.strings[number]);
const valueOf = (workspace, column) => text(workspaces[column][workspace]);
const idOf = (workspace) => valueOf(workspace, "workspace_id") ?? "";
const nameOf = (workspace) => valueOf(workspace, "workspace") ?? idOf(workspace).split("/").pop();

function startsOf(counts) {
  const starts = new Int32Array(counts.length + 1);
  counts.forEach((count, at) => { starts[at + 1] = starts[at] + count; });
  return starts;
}

const startOf = Object.fromEntries(["findings", "rules", "connections", "gaps", "dependencies", "computes", "endpoints"].map((name) => [name, startsOf(facts[name].count)]));

function numbersOf(kind, workspace) {
  const numbers = [];
  for (let at = startOf[kind][workspace]; at < startOf[kind][workspace + 1]; at += 1) numbers.push(at);
  return numbers;
}

const rowsOf = (kind, workspace, ...columns) => numbersOf(kind, workspace).map((at) => columns.map((column) => text(facts[kind][column][at])));

// The rules of a workspace itself: their names and the numbers of their contents.
const ownRulesOf = (workspace) => numbersOf("rules", workspace).map((at) => ({ name: text(facts.rules.name[at]), content: facts.rules.content[at] }));

// The rules that decide for a workspace: for a Project those of its hub, and none if the hub was not read.
const rulesOf = (workspace) => (workspaces.network[workspace] < 0 ? [] : ownRulesOf(workspaces.network[workspace]));

const contentOf = (content, column) => text(facts.rules.contents[column][content]) ?? "";

const VIOLATED = facts.verdicts.indexOf("violated");
const UNDETERMINED = facts.verdicts.indexOf("undetermined");
const WAIVED = facts.verdicts.indexOf("waived");
const CONSEQUENCE = facts.verdicts.indexOf("consequence");
let policy = 0;

// Severity, verdict, waiver and the check of the cause under the chosen policy; -1 if the policy did not ask.
function judgementOf(finding) {
  return facts.judgements[facts.answers.judgement[facts.findings.answer[finding]]][policy];
}

const checkOf = (finding) => facts.answers.check[facts.findings.answer[finding]];

function resourceOf(finding, workspace) {
  const resource = text(facts.findings.resource[finding]) ?? "";
  return resource.toLowerCase().startsWith("/subscriptions/") ? resource : idOf(workspace) + resource;
}

// The id of a finding is the UUIDv5 of its check, its resource and, for a resource elsewhere, its workspace.
function findingId(finding, workspace) {
  const resource = resourceOf(finding, workspace).toLowerCase();
  const owner = idOf(workspace).toLowerCase();
  const isInside = resource === owner || resource.startsWith(owner + "/");
  const name = [facts.checks[checkOf(finding)].id, resource, ...(isInside || !owner ? [] : [owner])].join("\n");
  const space = [0x5d, 0xb0, 0x0f, 0xe7, 0x2d, 0xb2, 0x5d, 0xcf, 0xac, 0x89, 0xb8, 0xff, 0xb8, 0xa3, 0xf2, 0xbe];
  const digest = sha1([...space, ...new TextEncoder().encode(name)]).slice(0, 16);
  digest[6] = (digest[6] & 0x0f) | 0x50;
  digest[8] = (digest[8] & 0x3f) | 0x80;
  return digest.map((byte) => byte.toString(16).padStart(2, "0")).join("").replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

// SHA-1 of RFC 3174. The one of the browser is not there for pages over plain HTTP.
function sha1(bytes) {
  const bits = bytes.length * 8;
  const padded = [...bytes, 0x80];
  while (padded.length % 64 !== 56) padded.push(0);
  padded.push(0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (bits >>> shift) & 255));
  const turned = (word, by) => (word << by) | (word >>> (32 - by));
  let hash = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
  for (let start = 0; start < padded.length; start += 64) {
    const words = Array.from({ length: 16 }, (_, at) => [0, 1, 2, 3].reduce((word, byte) => (word << 8) | padded[start + 4 * at + byte], 0));
    for (let at = 16; at < 80; at += 1) words.push(turned(words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16], 1));
    let [a, b, c, d, e] = hash;
    words.forEach((word, at) => {
      const [mixed, key] = at < 20 ? [(b & c) | (~b & d), 0x5a827999] : at < 40 ? [b ^ c ^ d, 0x6ed9eba1] : at < 60 ? [(b & c) | (b & d) | (c & d), 0x8f1bbcdc] : [b ^ c ^ d, 0xca62c1d6];
      [a, b, c, d, e] = [(turned(a, 5) + mixed + e + key + word) | 0, a, turned(b, 30), c, d];
    });
    hash = [a, b, c, d, e].map((word, at) => (word + hash[at]) | 0);
  }
  return hash.flatMap((word) => [24, 16, 8, 0].map((shift) => (word >>> shift) & 255));
}
