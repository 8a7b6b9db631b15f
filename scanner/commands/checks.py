"""`azml-audit checks`: list the checks, or explain one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from checks.model import Check
from checks.registry import FAMILIES, registry
from checks.severity import Severity
from checks.suggestions import did_you_mean
from scanner.errors import UsageError
from scanner.policies import loaded
from scanner.terminal import print_line, print_lines, table

_MOST_ITEMS = 5


@dataclass(frozen=True, kw_only=True)
class Filter:
    """The checks to list. An empty field lets all through.

    `control` is a part of the name of a framework or of a control, such as "NIST" or "NS-2".
    """

    families: Sequence[str] = ()
    severities: Sequence[Severity] = ()
    policy: str | None = None
    control: str | None = None


def list_checks(wanted: Filter, out: Console, *, as_json: bool = False) -> int:
    """Print the installed checks by family. Raises UsageError for a family, policy or control that no check has."""
    checks = filtered(registry(), wanted)
    if as_json:
        print_lines(out, json.dumps([_record(check) for check in checks], indent=2))
        return 0
    descriptions = {family.CHECKS[0].family: family.DESCRIPTION for family in FAMILIES}
    for family, members in groupby(checks, key=lambda check: check.family):
        out.print(Text(f"{family}: {descriptions.get(family, 'checks of a plug-in')}", style="bold"))
        listed = table("Id", "Severity", "Title", whole=("Id", "Severity"))
        listed.show_header = False
        for check in members:
            listed.add_row(f"  {check.id}", check.severity.value.ljust(13), Text(check.title))
        out.print(listed)
    print_line(out, _total(len(checks)))
    return 0


def filtered(checks: Mapping[str, Check], wanted: Filter) -> list[Check]:
    """Return the checks that the filter lets through, by family and id."""
    families = _families(checks, wanted.families)
    chosen = _of_policy(wanted.policy) if wanted.policy else set(checks)
    found = [
        check
        for check in checks.values()
        if check.id in chosen
        and (not families or check.family in families)
        and (not wanted.severities or check.severity in wanted.severities)
        and (not wanted.control or _has_control(check, wanted.control))
    ]
    if wanted.control and not any(_has_control(check, wanted.control) for check in checks.values()):
        names = {name for check in checks.values() for name in _controls(check)}
        hint = did_you_mean(wanted.control, names)
        raise UsageError(f"No check supports a control {wanted.control!r}. {hint}docs/controls.md lists all.")
    return found


def _families(checks: Mapping[str, Check], names: Sequence[str]) -> set[str]:
    known = {check.family for check in checks.values()}
    for name in names:
        if name.upper() not in known:
            hint = did_you_mean(name.upper(), known)
            raise UsageError(f"There is no family {name!r}. {hint}Families: {', '.join(sorted(known))}.")
    return {name.upper() for name in names}


def _of_policy(name: str) -> set[str]:
    (policy,) = loaded([name], registry())
    return {each.check.id for each in policy.checks}


def _has_control(check: Check, control: str) -> bool:
    return any(control.lower() in name.lower() for name in _controls(check))


def _controls(check: Check) -> list[str]:
    return [f"{framework} {id}" for framework, ids in check.controls.items() for id in ids]


def _record(check: Check) -> dict[str, object]:
    return {
        "id": check.id,
        "family": check.family,
        "title": check.title,
        "severity": check.severity.value,
        "table": check.over,
        "reads": list(check.reads),
        "follows": list(check.follows),
        "controls": {framework: list(ids) for framework, ids in check.controls.items()},
        "references": list(check.references),
        "fix": check.remediation.summary,
    }


def _total(count: int) -> str:
    noun = "check" if count == 1 else "checks"
    return f"{count} {noun}. `azml-audit checks show ID` explains one."


def unknown_check(check_id: str, known: Iterable[str]) -> str:
    """Return the message for a check id that does not exist."""
    hint = did_you_mean(check_id, known)
    return f"There is no check {check_id!r}. {hint}`azml-audit checks list` lists every id."


def show_check(check_id: str, out: Console) -> int:
    """Explain a check: why, what decides, its parameters, the fix. Raises UsageError for an unknown id."""
    checks = registry()
    check = checks.get(check_id.upper())
    if check is None:
        raise UsageError(unknown_check(check_id, checks))
    out.print(Text.assemble((check.id, "bold cyan"), " ", (check.title, "bold")))
    print_line(out, f"Severity {check.severity.value}. One finding for each row of {check.over}.")
    _show_why(check, out)
    _show_fix(check, out)
    _show_list("Controls", [f"{name}: {', '.join(ids)}" for name, ids in check.controls.items()], out)
    _show_list("Sources", check.references, out, wraps=False)
    return 0


def _show_why(check: Check, out: Console) -> None:
    for paragraph in check.rationale.split("\n\n"):
        out.print()
        out.print(Text(_plain(" ".join(paragraph.split()))))
    if check.follows:
        _show_list("Follows from", [", ".join(check.follows)], out)
    parameters = [
        f"{name} = {_default(field.get_default(call_default_factory=True))}: {field.description or 'no description'}"
        for name, field in check.params.model_fields.items()
    ]
    _show_list("Parameters, with their defaults", parameters, out)


def _show_fix(check: Check, out: Console) -> None:
    """Print the fix. The lines of code are never wrapped, so that they can be copied."""
    fix = check.remediation.for_any_resource()
    _show_list("Fix", [fix.summary], out)
    if fix.caution:
        out.print(Padding(Text(f"Before you do: {fix.caution}", style="yellow"), (0, 0, 0, 2), expand=False))
    for language, text in (("az CLI", fix.az), ("Bicep", fix.bicep), ("Terraform", fix.terraform)):
        if text.strip():
            print_lines(out, f"\n  {language}:", "bold")
            for line in text.strip().splitlines():
                print_line(out, f"    {line}".rstrip())
    if "<" in fix.az + fix.bicep + fix.terraform:
        hint = "Replace <name> by the value of your resource, or run azml-audit fix, which prints it."
        out.print(Padding(Text(f"\n{hint}"), (0, 0, 0, 2), expand=False))


def _show_list(heading: str, lines: Sequence[str], out: Console, *, wraps: bool = True) -> None:
    if not lines:
        return
    print_lines(out, f"\n{heading}", "bold")
    for line in lines:
        if wraps:
            out.print(Padding(Text(_plain(line)), (0, 0, 0, 2), expand=False))
        else:
            print_line(out, f"  {line}")


def _plain(text: str) -> str:
    """Return the text without the marks of Markdown for code and emphasis."""
    return re.sub(r"\*(\w+)\*", r"\1", text).replace("`", "")


def _default(value: object) -> str:
    """Return a default value in one line; a long list by its first items and its length."""
    if isinstance(value, list | tuple | set | frozenset):
        items = [str(each) for each in value]
        more = f" and {len(items) - _MOST_ITEMS} more" if len(items) > _MOST_ITEMS else ""
        return f"[{', '.join(items[:_MOST_ITEMS])}{more}]"
    return json.dumps(value, default=str)
