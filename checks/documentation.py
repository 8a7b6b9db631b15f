"""Write checks as Markdown, for `docs/` and for `azml-audit checks show`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from checks.model import Check
from checks.registry import FAMILIES
from checks.severity import Severity


def section(check: Check, heading: str = "##") -> str:
    """Return the section of a check: rationale, parameters, fix, controls and references."""
    fix = check.remediation.for_any_resource()
    parts = [
        f"{heading} {check.id}: {check.title}",
        f"Severity {check.severity.value}. Answers for each row of `{check.over}`.",
        check.rationale,
        _listed("Reads", [f"`{read}`" for read in check.reads]),
        _listed("Parameters", _parameters(check)),
        f"**Fix.** {fix.summary}",
        f"**Before you do:** {fix.caution}" if fix.caution else "",
        _fenced("az CLI", "shell", fix.az),
        _fenced("Bicep", "bicep", fix.bicep),
        _fenced("Terraform", "terraform", fix.terraform),
        _listed("Controls", [f"{name}: {', '.join(ids)}" for name, ids in check.controls.items()]),
        _listed("References", [f"<{url}>" for url in check.references]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def catalogue(policies: Mapping[str, Iterable[str]]) -> str:
    """Return the page of the built-in checks: the index, then each family. `policies` lists the ids of each policy."""
    sections = ["# The checks\n", _GENERATED, _NAMES, _index(policies)]
    for family in FAMILIES:
        sections.append(f"## {_title(family.CHECKS, family.DESCRIPTION)}\n")
        sections += [section(check, "###") for check in family.CHECKS]
    return "\n".join(sections)


def _index(policies: Mapping[str, Iterable[str]]) -> str:
    checks = {check.id: check for family in FAMILIES for check in family.CHECKS}
    parts = ["## Index\n\n### By family\n"]
    for family in FAMILIES:
        rows = [[_link(check), check.severity.value, check.title] for check in family.CHECKS]
        parts += [
            f"**{_title(family.CHECKS, family.DESCRIPTION)}**\n",
            _table("check | severity | title", rows),
        ]
    chosen = [[name, ", ".join(_link(checks[id]) for id in ids)] for name, ids in policies.items()]
    parts += ["### By policy\n", _table("policy | checks", chosen)]
    by_severity = [
        [severity.value, ", ".join(_link(each) for each in checks.values() if each.severity is severity)]
        for severity in Severity
    ]
    parts += [
        "### By severity\n\nA policy may set another severity.\n",
        _table("severity | checks", by_severity),
    ]
    return "\n".join(parts)


def _title(checks: tuple[Check, ...], description: str) -> str:
    return f"{checks[0].family}: {description}"


def _link(check: Check) -> str:
    """Return a link to the section of the check, with the anchor that GitHub makes of its heading."""
    anchor = re.sub(r"[^\w\- ]", "", f"{check.id} {check.title}".lower()).replace(" ", "-")
    return f"[{check.id}](#{anchor})"


def _table(head: str, rows: Iterable[Iterable[str]]) -> str:
    rule = " | ".join("---" for _ in head.split(" | "))
    return "\n".join(f"| {line} |" for line in (head, rule, *(" | ".join(row) for row in rows))) + "\n"


def controls(checks: Iterable[Check]) -> str:
    """Return the page of frameworks: each control and the checks that support it."""
    by_framework: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for check in checks:
        for framework, ids in check.controls.items():
            for control in ids:
                by_framework[framework][control].append(check.id)
    sections = ["# Frameworks and checks\n", _GENERATED, _CONTROLS_NOTE]
    for framework, by_control in sorted(by_framework.items()):
        rows = [[control, ", ".join(by_control[control])] for control in sorted(by_control)]
        sections.append(f"## {framework}\n\n{_table('control | checks', rows)}")
    return "\n".join(sections)


_GENERATED = "`make docs` writes this page from the checks. Do not edit it.\n"

_NAMES = (
    "A fix has `<name>` for a value of the resource. The page and `azml-audit fix` print the value itself.\n"
)

_CONTROLS_NOTE = (
    "The mappings come from the initiatives of Azure Policy, for the built-in definition that asks the same question "
    "(Azure/azure-policy f4a50ba, 2026-04), and from the Azure security baseline for Machine Learning. A check that "
    "passes supports a control. It does not prove that the control is met.\n"
)


def _parameters(check: Check) -> list[str]:
    lines = []
    for name, field in check.params.model_fields.items():
        default = field.get_default(call_default_factory=True)
        lines.append(f"`{name}` (default `{default!r}`): {field.description or 'no description'}")
    return lines


def _listed(title: str, lines: list[str]) -> str:
    return "\n".join([f"**{title}**", "", *(f"- {line}" for line in lines)]) if lines else ""


def _fenced(title: str, language: str, text: str) -> str:
    return f"{title}:\n\n```{language}\n{text.strip()}\n```" if text.strip() else ""
