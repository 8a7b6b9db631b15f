"""Texts about a check, a gap and a policy that several formats print, in plain text and in Markdown."""

from __future__ import annotations

from checks.model import Check
from checks.policy.judge import PolicyVerdict
from reports.audit import Audit
from reports.literals import texts
from reports.tables.population import GapRow

_WEB = ("http://", "https://")

_DIALECTS = {"az": ("Azure CLI", "sh"), "bicep": ("Bicep", "bicep"), "terraform": ("Terraform", "hcl")}


def links(check: Check) -> list[str]:
    """Return the references that are web addresses. The check of a plug-in may refer to anything."""
    return [each for each in check.references if each.startswith(_WEB) and not set(each) & set(' "<>\n\t')]


def fix_summary(check: Check) -> str:
    """Return the summary of the fix and its caution, without the commands."""
    fix = check.remediation
    return f"{fix.summary} Caution: {fix.caution}" if fix.caution else fix.summary


def help_text(check: Check) -> str:
    """Return the rationale, the fix with its commands, and the links, as plain text."""
    commands = [f"{_DIALECTS[name][0]}:\n{text}" for name, text in _commands(check)]
    return "\n\n".join([check.rationale or check.title, fix_summary(check), *commands, *links(check)])


def help_markdown(check: Check) -> str:
    """Return the same as `help_text` in Markdown, with the commands in fences."""
    fix = check.remediation
    parts = [check.rationale or check.title, f"**Fix**: {fix.summary}"]
    parts += [f"**Caution**: {fix.caution}"] if fix.caution else []
    for name, text in _commands(check):
        title, language = _DIALECTS[name]
        parts += [f"{title}:\n\n````{language}\n{text}\n````"]
    parts += ["\n".join(f"- <{link}>" for link in links(check))]
    return "\n\n".join(part for part in parts if part)


def _commands(check: Check) -> list[tuple[str, str]]:
    """Return the texts of the fix that it has, by dialect, with `<name>` for what depends on the resource."""
    return [(name, text) for name, text in texts(check.remediation.for_any_resource()).items() if text]


def controls(check: Check) -> list[str]:
    """Return the controls that the check is mapped to, each after its framework: `MCSB NS-2`."""
    return [f"{framework} {each}" for framework, listed in sorted(check.controls.items()) for each in listed]


def gap_text(gap: GapRow) -> str:
    """Return what could not be read, the answer, and what closes the gap, in sentences."""
    of = f" of {gap.scope}" if gap.scope else ""
    answer = f"{gap.answer}: {gap.message.rstrip('.')}" if gap.message else gap.answer
    return f"Could not read {gap.asked}{of}. The answer was {answer}. {gap.closes}".strip()


def incomplete_text(audit: Audit) -> str:
    """Return one sentence with the count of gaps; "" if there is none."""
    count = len(audit.tables.gaps)
    return f"The audit is incomplete: {count:,} {'gap' if count == 1 else 'gaps'}." if count else ""


def policy_notes(verdict: PolicyVerdict) -> list[tuple[str, str]]:
    """Return expired waivers, waivers without effect and unread groups, each with its label."""
    return [
        *(("Expired waiver", each) for each in verdict.expired_waivers),
        *(("Waiver without effect", each) for each in verdict.orphan_waivers),
        *(("Unread management group", each) for each in verdict.unread_groups),
    ]
