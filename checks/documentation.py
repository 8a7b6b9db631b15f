"""One check, and the whole catalogue, as Markdown. The docs, the terminal and the README show the same text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import groupby

from checks.model import Check

FAMILIES: Mapping[str, str] = {
    "NET": "inbound to the workspace",
    "PEP": "private endpoints",
    "MVN": "the managed virtual network",
    "OBR": "outbound rules",
    "RES": "resources the workspace depends on",
    "CMP": "computes",
    "END": "endpoints",
    "SEC": "protection of the workspace itself",
    "SCN": "can the work still be done?",
}
"""What each built-in family is about, in the order of the catalogue."""


def section(check: Check, heading: str = "##") -> str:
    """Return one check as Markdown: its rationale, reads, parameters, fix, controls and references."""
    fix = check.remediation
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


def catalogue(checks: Iterable[Check]) -> str:
    """Return a section for every check, family by family."""
    sections = ["# The checks\n", _GENERATED]
    for family, members in groupby(_ordered(checks), key=lambda check: check.family):
        sections.append(f"## {family}: {FAMILIES.get(family, 'of a plug-in')}\n")
        sections += [section(check, "###") for check in members]
    return "\n".join(sections)


def controls(checks: Iterable[Check]) -> str:
    """Return, for each framework, its controls and the checks that support each."""
    by_framework: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for check in _ordered(checks):
        for framework, ids in check.controls.items():
            for control in ids:
                by_framework[framework][control].append(check.id)
    sections = ["# Frameworks and checks\n", _GENERATED, _CONTROLS_NOTE]
    for framework, by_control in sorted(by_framework.items()):
        rows = [f"| {control} | {', '.join(by_control[control])} |" for control in sorted(by_control)]
        table = [f"## {framework}\n", "| control | checks |", "| --- | --- |", *rows]
        sections.append("\n".join(table) + "\n")
    return "\n".join(sections)


def overview(checks: Iterable[Check]) -> str:
    """Return a table with a line for each check."""
    rows = [f"| {check.id} | {check.severity.value} | {check.title} |" for check in _ordered(checks)]
    return "\n".join(["| check | severity | wants |", "| --- | --- | --- |", *rows])


_GENERATED = "Written by `make docs` from the checks themselves, and compared by a test. Do not edit it.\n"

_CONTROLS_NOTE = (
    "The mappings are those of Azure Policy's own initiatives for the built-in definition that asks the "
    "same question (Azure/azure-policy f4a50ba, 2026-04), and of the Azure security baseline for Machine "
    "Learning. A passed check supports a control and does not prove it.\n"
)


def _ordered(checks: Iterable[Check]) -> list[Check]:
    places = {family: place for place, family in enumerate(FAMILIES)}
    return sorted(checks, key=lambda check: (places.get(check.family, len(places)), check.id))


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
