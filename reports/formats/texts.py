"""The words of a check and of a gap as the formats of others want them: in plain text and in Markdown."""

from __future__ import annotations

from checks.model import Check
from reports.audit import Audit
from reports.literals import texts
from reports.tables.population import GapRow

_WEB = ("http://", "https://")

_DIALECTS = {"az": ("Azure CLI", "sh"), "bicep": ("Bicep", "bicep"), "terraform": ("Terraform", "hcl")}


def links(check: Check) -> list[str]:
    """The references that are web addresses; a plug-in's check may name anything."""
    return [each for each in check.references if each.startswith(_WEB) and not set(each) & set(' "<>\n\t')]


def fix_summary(check: Check) -> str:
    """What mends it and the caution, without the commands."""
    fix = check.remediation
    return f"{fix.summary} Caution: {fix.caution}" if fix.caution else fix.summary


def fix_text(check: Check) -> str:
    """What mends it, with the caution before the commands, as plain text."""
    found = texts(check.remediation).items()
    return "\n\n".join(
        [fix_summary(check), *(f"{_DIALECTS[name][0]}:\n{text}" for name, text in found if text)]
    )


def help_text(check: Check) -> str:
    """Why, what mends it and where to read on, as plain text."""
    return "\n\n".join([check.rationale or check.title, fix_text(check), *links(check)])


def help_markdown(check: Check) -> str:
    """Like `help_text`, as Markdown with the commands fenced."""
    fix = check.remediation
    parts = [check.rationale or check.title, f"**Fix**: {fix.summary}"]
    parts += [f"**Caution**: {fix.caution}"] if fix.caution else []
    for name, text in texts(fix).items():
        title, language = _DIALECTS[name]
        parts += [f"{title}:\n\n````{language}\n{text}\n````"] if text else []
    parts += ["\n".join(f"- <{link}>" for link in links(check))]
    return "\n\n".join(part for part in parts if part)


def controls(check: Check) -> list[str]:
    """The controls it speaks to, each after its framework: `MCSB NS-2`."""
    return [f"{framework} {each}" for framework, listed in sorted(check.controls.items()) for each in listed]


def gap_text(gap: GapRow) -> str:
    """What was not read, what the answer was and what would close it, in sentences."""
    of = f" of {gap.scope}" if gap.scope else ""
    said = f"Not read: {gap.asked}{of}. The answer was {gap.answer}"
    said += f": {gap.message.rstrip('.')}." if gap.message else "."
    return f"{said} {gap.closes}".strip()


def incomplete_text(audit: Audit) -> str:
    """How much was not read, in a sentence; "" where everything was."""
    count = len(audit.tables.gaps)
    return f"Not everything was read: {count:,} {'gap' if count == 1 else 'gaps'}." if count else ""
