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
      element("p", { class: "sum" }, element("b", {}, `${open.length.toLocaleString("en")} of ${counted(size, "workspace", "workspaces")} may reach it`), `, ${unsure.length.toLocaleString("en")} unknown, ${closed.length.toLocaleString("en")} may not.`),
      element("div", { class: "answers" }, answerList("May reach it", "fail", open, true), answerList("Unknown", "unknown", unsure, true), answerList("May not", "pass", closed, false)));
  } catch (error) {
    place.replaceChildren(element("p", { class: "ask" }, mark("unknown"), error.message));
  }
}

function answerList(title, kind, answers, isOpen) {
  const reasons = new Map();
  for (const each of answers) {
    if (!reasons.has(each.reason)) reasons.set(each.reason, []);
    reasons.get(each.reason).push(each);
  }
  const listed = [...reasons].sort(([, one], [, other]) => other.length - one.length);
  const box = element("details", {}, element("summary", {}, mark(kind), `${title}: ${answers.length.toLocaleString("en")}`),
    element("ul", {}, listed.slice(0, MOST_NAMES).map(([reason, each]) => element("li", {}, isolated(reason), " ", fixOfRule(each[0]), namesOf(each)))),
    listed.length > MOST_NAMES ? element("p", { class: "faint" }, `and ${(listed.length - MOST_NAMES).toLocaleString("en")} more reasons`) : null);
  box.open = isOpen && answers.length > 0;
  return box;
}

const namesOf = (answers) => element("span", { class: "names" }, answers.slice(0, MOST_NAMES).map(({ workspace }) => element("a", { href: linkTo(workspace) }, isolated(nameOf(workspace)))),
  answers.length > MOST_NAMES ? element("span", { class: "faint" }, `and ${(answers.length - MOST_NAMES).toLocaleString("en")} more`) : null);

// The fix of the worst finding about the rule that opens the destination, or about the workspace if its mode does.
function fixOfRule({ workspace, answer, rule }) {
  const owner = workspaces.network[workspace];
  if (answer !== "allowed" || owner < 0) return null;
  const part = rule ? "/outboundRules/" + rule : "";
  const about = numbersOf("findings", owner).filter((finding) => (text(facts.findings.resource[finding]) ?? "") === part && judgementOf(finding)[1] === VIOLATED);
  const isAboutMode = (check) => check.reads.every((read) => /^workspaces\.(isolation_mode|managed_network_reported)$/.test(read));
  const finding = about.find((each) => rule || isAboutMode(facts.checks[checkOf(each)]));
  if (finding === undefined) return element("span", { class: "faint" }, "No check of this policy objects.");
  return element("a", { href: "#finding-" + findingId(finding, owner) }, "Fix: " + facts.checks[checkOf(finding)].summary);
}
