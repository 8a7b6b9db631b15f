// The box that answers which workspaces may reach a destination.
const MOST_NAMES = 100;
const MOST_SHOWN = 20;

function reachAnswers(typed) {
  const judge = reachJudge(destinationOf(askedIn(typed)));
  return Array.from({ length: size }, (_, workspace) => ({ workspace, ...judge(workspace) }));
}

// The words of an example button ask what the button asks.
const askedIn = (typed) => [...document.querySelectorAll("[data-ask]")].find((button) => button.textContent.toLowerCase() === typed.toLowerCase())?.dataset.ask ?? typed;

const isStorageAsked = ({ kind, tag, name }) => (kind === "service" ? /^storage(\.|$)/i.test(tag) : kind === "host" && isStorage(name));

function drawReach() {
  const typed = askedIn(byId("reach-input").value.trim());
  const place = byId("reach-answer");
  if (!typed) return place.replaceChildren();
  try {
    const answers = reachAnswers(typed);
    const of = (word) => answers.filter(({ answer }) => answer === word);
    const [open, closed, unsure] = [of("allowed"), of("blocked"), of("unknown")];
    place.replaceChildren(
      element("p", { class: "sum" }, ...sumOf(open.length, unsure.length, closed.length), isStorageAsked(destinationOf(typed)) ? element("span", { class: "sub" }, "A rule for a host name opens no storage account: Azure reaches storage by a private endpoint or a service tag. So such rules do not count here.") : null),
      element("div", { class: "answers" },
        answerList("May reach it", "fail", open, grouped(open, waysIn).map(openWay)),
        answerList("Unknown", "unknown", unsure, grouped(unsure, ({ reason }) => reason).map((group) => unsureWay(group, typed))),
        answerList("May not", "pass", closed, grouped(closed, ({ reason }) => reason).map(([reason, each]) => element("li", {}, isolated(reason), " ", namesOf(each))))));
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

function grouped(answers, key) {
  const groups = new Map();
  for (const each of answers) {
    const name = key(each);
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(each);
  }
  return [...groups].sort(([, one], [, other]) => other.length - one.length);
}

function answerList(title, kind, answers, items) {
  const box = element("details", {}, element("summary", {}, mark(kind), `${title}: ${answers.length.toLocaleString("en")}`),
    element("ul", {}, items.slice(0, MOST_NAMES)),
    items.length > MOST_NAMES ? element("p", { class: "faint" }, `and ${(items.length - MOST_NAMES).toLocaleString("en")} more reasons`) : null);
  box.open = kind !== "pass" && answers.length > 0;
  return box;
}

const linkOf = (workspace) => element("a", { href: linkTo(workspace) }, isolated(nameOf(workspace)));
const namesOf = (answers, nameFor = ({ workspace }) => linkOf(workspace)) => element("span", { class: "names" }, answers.slice(0, MOST_NAMES).map(nameFor),
  answers.length > MOST_NAMES ? element("span", { class: "faint" }, `and ${(answers.length - MOST_NAMES).toLocaleString("en")} more`) : null);

const withRules = (answer) => (answer.openings.length ? element("span", {}, linkOf(answer.workspace), ": ", isolated(answer.openings.map(({ name }) => name).join(", ")), objectionsTo(answer)) : linkOf(answer.workspace));

// The workspaces whom the same kind of thing lets out: what it is, what closes it, and the commands for all of them.
function openWay([way, answers]) {
  const { by, why, closing } = wayInWords(way, answers);
  return element("li", {}, element("b", {}, `${answers.length.toLocaleString("en")} ${by}. `), why, " ", element("span", { class: "next" }, closing),
    namesOf(answers, withRules), way === "kept" ? null : commandsOf(answers));
}

// The finding of this policy about a rule that opens the destination.
function objectionsTo({ workspace, openings }) {
  const owner = workspaces.network[workspace];
  const rules = openings.map(({ name }) => "/outboundRules/" + name);
  const found = owner < 0 ? undefined : numbersOf("findings", owner).find((each) => rules.includes(text(facts.findings.resource[each])) && judgementOf(each)[1] === VIOLATED);
  return found === undefined ? null : element("span", {}, " ", element("a", { href: "#finding-" + findingId(found, owner) }, facts.checks[checkOf(found)].id));
}

// The commands of each workspace, with a button of its own. The last button copies those of all.
function commandsOf(answers) {
  const each = answers.map((answer) => [answer.workspace, closingCommands(answer)]).filter(([, commands]) => commands);
  const all = () => [...new Set(each.map(([, commands]) => commands))].join("\n\n") + "\n";
  if (each.length === 1) return element("div", { class: "ways" }, foldedCommands("Commands", each[0][1]), copyButton("Copy commands", all));
  const rest = each.length - MOST_SHOWN;
  return element("div", { class: "ways" }, element("details", { class: "fix" }, element("summary", {}, `Commands for each of ${counted(each.length, "workspace", "workspaces")}`),
    each.slice(0, MOST_SHOWN).map(([workspace, commands]) => element("div", { class: "one" }, element("h4", {}, linkOf(workspace), " ", copyButton("Copy", () => commands + "\n")), element("pre", { tabindex: "0" }, commands))),
    rest > 0 ? element("p", { class: "faint" }, `and the same for ${rest.toLocaleString("en")} more: the button copies all`) : null,
    copyButton(`Copy commands for all ${each.length.toLocaleString("en")}`, all)));
}

const foldedCommands = (title, commands) => element("details", { class: "fix" }, element("summary", {}, title), element("pre", { tabindex: "0" }, commands));

function unsureWay([reason, answers], typed) {
  const steps = new Map(answers.slice(0, MOST_NAMES).map((each) => settlingOf(each, typed)).map(([sentence, command]) => [sentence + command, [sentence, command]]));
  const [sentence] = [...steps.values()][0];
  const commands = [...new Set([...steps.values()].map(([, command]) => command).filter(Boolean))].slice(0, MOST_SHOWN);
  return element("li", {}, isolated(reason), " ", element("span", { class: "next" }, "To settle it: ", isolated(sentence[0].toLowerCase() + sentence.slice(1))), namesOf(answers, withRules),
    commands.length ? element("div", { class: "ways" }, foldedCommands("Commands", commands.join("\n")), copyButton("Copy commands", () => commands.join("\n") + "\n")) : null);
}
