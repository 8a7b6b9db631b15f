"""`azml-audit explain`: one workspace as text, with its clients, its destinations, its violations and the fixes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from rich.console import Console

from checks.counting import counted
from checks.drift.model import Snapshot, TextRow, records, texts
from checks.registry import registry
from checks.severity import Severity
from reports.writing.lines import harmless
from scanner.folding import folded
from scanner.questions.asked import not_asked
from scanner.questions.behind import behind
from scanner.questions.names import workspace_named
from scanner.questions.picture import APART, Part, picture
from scanner.questions.surroundings import name_in, parts_of
from scanner.terminal import print_line, print_lines

_ID = re.compile(r"/subscriptions/[^\s,;]*[^\s,;.:]", re.IGNORECASE)
_MOST_FINDINGS = 12
_RANKS = {word.value: word.rank for word in Severity}
_STYLES = {"critical": "bold red", "high": "red", "medium": "yellow"}


def explain(name: str, audit: Snapshot, out: Console, *, whole: bool = False) -> int:
    """Print the picture, the findings by cause and the fixes of a workspace. Raises UsageError for an unknown name.

    A part of the name is enough if only one workspace has it.
    """
    key = workspace_named(audit, name)
    row = audit.workspace_rows[key]
    findings = findings_of(audit, key)
    _show_head(row, out)
    for line in picture(parts_of(audit, key)):
        print_line(out, harmless(line))
    dependencies = [Part(heading=kind, lines=lines) for kind, lines in behind(audit, key)]
    if dependencies:
        print_line(out, "Behind it, each with its own lock:")
        for line in picture(dependencies, joint=APART):
            print_line(out, harmless(line))
    print_line(out, "! fails a check, ? is unknown", "dim")
    _show_not_asked(list(not_asked(audit, key)), audit, out)
    _show_counts(key, findings, audit, out)
    _show_findings(findings, out, whole=whole)
    return 0


def findings_of(audit: Snapshot, key: str) -> list[dict[str, str]]:
    """Return the findings of the workspace that are no pass: violations first, the worst first."""
    found = audit.findings
    own = texts(found["workspace_id"]).str.lower().eq(key) & ~found["status"].isin(["pass", "not-applicable"])
    rows = records(found[own].apply(texts))
    distinct = {(row["check_id"], row["resource_id"], row["status"], row["waiver"]): row for row in rows}
    order = ("violated", "undetermined", "consequence", "waived")
    return sorted(
        distinct.values(),
        key=lambda row: (
            order.index(row["verdict"]) if row["verdict"] in order else len(order),
            _RANKS.get(row["severity"], 9),
            row["check_id"],
            row["resource_id"],
        ),
    )


def _show_head(row: TextRow, out: Console) -> None:
    kind, region = row["kind"] or "kind not reported", row["location"] or "region not reported"
    for text, style in (
        (f"{row['workspace']} ({kind}, {region})", "bold"),
        (f"{row['subscription']} / {row['resource_group']}", ""),
    ):
        for line in folded(harmless(text), out.width, indent="  "):
            print_line(out, line, style)


def _show_not_asked(parts: Sequence[str], audit: Snapshot, out: Console) -> None:
    if parts:
        policies = ", ".join(audit.of_policies("checks")) or "its policies"
        text = f"Not asked by {policies}: {', '.join(parts)}. `azml-audit explain --live` asks with baseline."
        for line in folded(harmless(text), out.width, indent="  "):
            print_line(out, line, "yellow")


def _show_counts(key: str, findings: Sequence[TextRow], audit: Snapshot, out: Console) -> None:
    """Print how many violations follow from others, and how many Projects inherit them; nothing if none does."""
    own = [row for row in findings if row["verdict"] == "violated"]
    fails = [row for row in findings if row["verdict"] == "consequence" and row["status"] == "fail"]
    following = {id(each) for row in own for each in _below(row, fails)}
    rows = audit.findings
    caused_here = texts(rows["caused_by"]).str.lower().eq(texts(rows["check_id"]).str.lower() + " " + key)
    repeated = set(texts(rows["check_id"][caused_here]))
    projects = texts(rows["workspace_id"][caused_here]).str.lower().nunique()
    shared = sum(row["check_id"] in repeated for row in [*own, *fails])
    if not own or not (following or projects):
        return
    more = f", {len(following):,} of which {'follows' if len(following) == 1 else 'follow'} from another"
    text = counted(len(own) + len(following), "violation") + (more if following else "") + "."
    them = "them" if shared == len(own) + len(following) else f"{shared:,} of them"
    text += f" {counted(projects, 'Project inherits', 'Projects inherit')} {them}." if shared else ""
    print_line(out, "")
    print_line(out, text, "bold")


def _show_findings(findings: Sequence[TextRow], out: Console, *, whole: bool) -> None:
    """Print the findings by check; below each finding those that follow from it. Those of the hub come last."""
    consequences = [row for row in findings if row["verdict"] == "consequence"]
    own = [row for row in findings if row["verdict"] != "consequence"]
    if not findings:
        print_line(out, "No finding needs attention.", "green")
        return
    shown = own if whole else own[:_MOST_FINDINGS]
    for (word, check_id), rows in groupby(shown, key=lambda row: (_word(row), row["check_id"])):
        listed = list(rows)
        out.print()
        for line in folded(f"{word} {check_id} {listed[0]['title']}", out.width, indent="  "):
            print_line(out, line, _STYLES.get(word, "magenta"))
        for row in listed:
            _show_finding(row, _below(row, consequences), out)
        if any(row["status"] == "fail" for row in listed):
            _show_fix(check_id, out)
    if len(shown) < len(own):
        print_lines(out, f"\n... and {len(own) - len(shown)} more. Add --whole to list all.", "yellow")
    below_own = [each for row in own for each in _below(row, consequences)]
    _show_inherited([each for each in consequences if each not in below_own], out)


def _show_inherited(inherited: Sequence[TextRow], out: Console) -> None:
    """Print the findings that follow from another workspace, each with its cause and without a fix."""
    if not inherited:
        return
    out.print()
    print_line(out, "Inherited from its hub; fix them there", "bold")
    for row in inherited:
        cause, _, where = row["caused_by"].partition(" ")
        text = f"{row['severity']} {row['check_id']} {row['title']}: follows from {cause} of {name_in(where)}"
        _show_indented(text, out)


def _word(row: TextRow) -> str:
    return row["severity"] if row["verdict"] == "violated" else row["verdict"]


def _show_finding(row: TextRow, consequences: Sequence[TextRow], out: Console) -> None:
    _show_indented(f"{_resource(row)}{row['reason']}", out)
    for each in consequences:
        reason = each["reason"].partition(" Follows from ")[0]
        _show_indented(f"Hence {each['check_id']}: {_resource(each)}{reason}", out, indent=4)


def _resource(row: TextRow) -> str:
    """Return the name of a resource other than the workspace, unless the reason has it."""
    name = name_in(row["resource_id"])
    is_workspace = row["resource_id"].lower() == row["workspace_id"].lower()
    return "" if is_workspace or name.lower() in row["reason"].lower() else f"{name}: "


def _show_fix(check_id: str, out: Console) -> None:
    check = registry().get(check_id)
    if check is not None:
        _show_indented(f"Fix: {check.remediation.summary}", out, style="cyan")
        _show_indented(f"azml-audit checks show {check_id}", out, indent=7)


def _show_indented(text: str, out: Console, *, indent: int = 2, style: str = "") -> None:
    begin = " " * indent
    for line in folded(harmless(without_ids(text)), out.width, begin=begin, indent=begin):
        print_line(out, line, style)


def without_ids(text: str) -> str:
    """Return the text with the name of each resource in place of its id, which would break at the edge."""
    return _ID.sub(lambda found: name_in(found.group()), text)


def _below(cause: TextRow, consequences: Sequence[TextRow]) -> list[TextRow]:
    """Return the consequences of the finding, each before its own."""
    direct = [each for each in consequences if _follows(each, cause)]
    return [each for row in direct for each in (row, *_below(row, consequences))]


def _follows(consequence: TextRow, cause: TextRow) -> bool:
    return consequence["caused_by"].lower() == f"{cause['check_id']} {cause['resource_id']}".lower()
