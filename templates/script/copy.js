// Copy texts. If the clipboard is closed to the page, the text is shown and selected instead.
async function copied(button, content) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(content);
    button.textContent = "Copied";
  } catch {
    const area = element("pre", { class: "by-hand", tabindex: "0" }, content);
    button.after(area);
    getSelection().selectAllChildren(area);
    button.textContent = "Selected: press Ctrl+C";
  }
  setTimeout(() => { button.textContent = label; }, 2500);
}

function copyButton(label, content) {
  const button = element("button", { type: "button", class: "copy" }, label);
  button.addEventListener("click", () => copied(button, content()));
  return button;
}

// A character that a terminal or a parser obeys becomes the replacement character, as in reports/literals.py.
const printable = (value) => value.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, "\ufffd");
const yaml = (value) => '"' + printable(value).replace(/[[*?]/g, "[$&]").replaceAll("\\", "\\\\").replaceAll('"', '\\"') + '"';

function waiverOf(checkId, resource) {
  const until = new Date(Date.now() + 90 * 86400000).toISOString().slice(0, 10);
  return `waivers:\n  - check: ${checkId}\n    resource: ${yaml(resource)}\n    reason: WHY\n    approver: WHO\n    expires: ${until}\n`;
}

// A literal with one text is a plain name, quoted here; otherwise it has one text for each language.
function filledIn(check, fix, language) {
  const quoted = (literal) => (literal.length > 1 ? text(literal[language]) : facts.quotes[language] + text(literal[0]) + facts.quotes[language]);
  const [variant, ...literals] = facts.fixes[fix];
  const values = literals.map((literal) => quoted(facts.literals[literal]));
  return check.texts[variant][language].replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name) => values[check.names.indexOf(name)]);
}

// One word of a POSIX shell that az takes for a value, as `az_literal` of reports/literals.py writes it.
function shellWord(value) {
  const printed = printable(value).replace(/^[-@]/, "\ufffd");
  return /^[\w@%+=:,./-]+$/.test(printed) ? printed : "'" + printed.replaceAll("'", "'\"'\"'") + "'";
}
