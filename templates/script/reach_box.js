// The box that answers which workspaces may reach a destination.
const MOST_NAMES = 100;

function reachAnswers(typed) {
  const judge = reachJudge(destinationOf(typed));
  return Array.from({ length: size }, (_, workspace) => ({ workspace, ...judge(workspace) }));
}

function drawReach() {
  const typed = byId("reach-input").value.trim();
  const place = byId("reach-answer");
  if (!typed) return place.replaceChildren();
  try {
    const answers = reachAnswers(typed);
    const of = (word) => answers.filter(({ answer }) => answer === word);
    const [open, closed, unsure] = [of("allowed"), of("blocked"), of("unknown")];
    place.replaceChildren(
      element("p", { class: "sum" }, ...sumOf(open.length, unsure.length, closed.length)),
      element("div", { class: "answers" }, answerList("May reach it", "fail", open, true), answerList("Unknown", "unknown", unsure, true), answerList("May not", "pass", closed, false)));
  } catch (error) {
    place.replaceChildren(element("p", { class: "ask" }, mark("unknown"), error.message));
  }
}

// The answer in one sentence; the same words as those of `azml-audit reach`.
function sumOf(open, unsure, closed) {
  const bold = (words) => element("b", {}, words);
  if (size === 1) return [bold(open ? "The only workspace may reach it." : unsure ? "It is unknown whether the only workspace may reach it." : "The only workspace may not reach it.")];
  if (!open && !unsure) return [bold("No workspace may reach it.")];
  const head = open ? `${open.toLocaleString("en")} of ${counted(size, "workspace", "workspaces")} may reach it` : "No workspace is known to reach it";
  return [bold(head), `: ${unsure.toLocaleString("en")} unknown, ${closed.toLocaleString("en")} may not.`];
}

function answerList(title, kind, answers, isOpen) {
  const reasons = new Map();
  for (const each of answers) {
    if (!reasons.has(each.reason)) reasons.set(each.reason, []);
    reasons.get(each.reason).push(each);
  }
  const listed = [...reasons].sort(([, one], [, other]) => other.length - one.length);
  const box = element("details", {}, element("summary", {}, mark(kind), `${title}: ${answers.length.toLocaleString("en")}`),
    element("ul", {}, listed.slice(0, MOST_NAMES).map(([reason, each]) => element("li", {}, isolated(reason), " ", fixOfRule(each[0]), namesOf(each), commandsOf(each)))),
    listed.length > MOST_NAMES ? element("p", { class: "faint" }, `and ${(listed.length - MOST_NAMES).toLocaleString("en")} more reasons`) : null);
  box.open = isOpen && answers.length > 0;
  return box;
}

const namesOf = (answers) => element("span", { class: "names" }, answers.slice(0, MOST_NAMES).map(({ workspace }) => element("a", { href: linkTo(workspace) }, isolated(nameOf(workspace)))),
  answers.length > MOST_NAMES ? element("span", { class: "faint" }, `and ${(answers.length - MOST_NAMES).toLocaleString("en")} more`) : null);

// The commands of the fix for every workspace of the group.
function commandsOf(answers) {
  const found = [...new Set(answers.map(findingThatOpens).filter((each) => each !== undefined))].filter((each) => facts.findings.fix[each] >= 0 && facts.checks[checkOf(each)].texts[0]);
  if (!found.length) return null;
  const pre = element("pre", { tabindex: "0" }, found.map((each) => filledIn(facts.checks[checkOf(each)], facts.findings.fix[each], 0)).join("\n\n"));
  const caution = facts.checks[checkOf(found[0])].caution;
  return element("details", { class: "fix" }, element("summary", {}, "Commands"), caution ? element("p", { class: "caution" }, element("strong", {}, "Before you run this: "), caution) : null,
    element("div", { class: "buttons" }, copyButton("Copy", () => pre.textContent)), pre);
}

// The worst finding about the rule that opens the destination, or about the workspace if its mode does.
function findingThatOpens({ workspace, answer, rule }) {
  const owner = workspaces.network[workspace];
  if (answer !== "allowed" || owner < 0) return undefined;
  const part = rule ? "/outboundRules/" + rule : "";
  const about = numbersOf("findings", owner).filter((finding) => (text(facts.findings.resource[finding]) ?? "") === part && judgementOf(finding)[1] === VIOLATED);
  const isAboutMode = (check) => check.reads.every((read) => /^workspaces\.(isolation_mode|managed_network_reported)$/.test(read));
  return about.find((each) => rule || isAboutMode(facts.checks[checkOf(each)]));
}

function fixOfRule(answer) {
  const owner = workspaces.network[answer.workspace];
  if (answer.answer !== "allowed" || owner < 0) return null;
  const finding = findingThatOpens(answer);
  if (finding !== undefined) return element("a", { href: "#finding-" + findingId(finding, owner) }, "Fix: " + facts.checks[checkOf(finding)].summary);
  const stricter = answer.rule || facts.policies.includes("data-exfiltration") ? null : element("span", {}, " To get the fix, run ", element("code", {}, "azml-audit scan --policy data-exfiltration"), ".");
  return element("span", { class: "faint" }, "No check of this policy objects.", stricter);
}
