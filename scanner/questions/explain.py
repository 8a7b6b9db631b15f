"""`azml-audit explain`: one workspace as text, with its clients, its destinations, its violations and the fixes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest
from textwrap import wrap

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from checks.contract.isolation import APPROVED, DISABLED, INTERNET
from checks.drift.model import Snapshot, records, texts
from checks.drift.openings import destination_text, is_denial, rule_of
from checks.drift.rules import rules_known
from checks.network.reachability import is_in_force
from checks.registry import registry
from checks.severity import Severity
from checks.suggestions import did_you_mean
from reports.writing.lines import harmless
from scanner.errors import UsageError
from scanner.questions.behind import behind
from scanner.terminal import print_line, print_lines

Row = Mapping[str, str]

_WIDTHS = (22, 22, 30)
_ARROW = " > "
_MODES = {
    APPROVED.lower(): "approved outbound only",
    INTERNET.lower(): "internet outbound",
    DISABLED.lower(): "off",
}
_ID = re.compile(r"/subscriptions/[^\s,;]*[^\s,;.:]", re.IGNORECASE)
_MOST_DESTINATIONS = 8
_MOST_FINDINGS = 12
_RANKS = {word.value: word.rank for word in Severity}
_STYLES = {"critical": "bold red", "high": "red", "medium": "yellow"}


@dataclass(frozen=True, kw_only=True)
class Part:
    """A box of the picture: its heading and its lines."""

    heading: str
    lines: tuple[str, ...]


def explain(name: str, audit: Snapshot, out: Console, *, whole: bool = False) -> int:
    """Print the picture, the findings by cause and the fixes of a workspace. Raises UsageError for an unknown name.

    A part of the name is enough if only one workspace has it.
    """
    key = workspace_named(audit, name)
    row = audit.workspace_rows[key]
    findings = findings_of(audit, key)
    _show_head(row, out)
    for line in picture(parts_of(audit, key, findings)):
        print_line(out, harmless(line))
    print_line(out, "Behind it, each with its own lock:")
    for line in picture([Part(heading=kind, lines=lines) for kind, lines in behind(audit, key)], joint="   "):
        print_line(out, harmless(line))
    _show_findings(findings, out, whole=whole)
    return 0


def workspace_named(audit: Snapshot, name: str) -> str:
    """Return the lower-cased id of the workspace with this name or id, or the only one with this part of a name."""
    wanted = name.strip().rstrip("/").lower()
    rows = audit.workspace_rows
    exact = [key for key, row in rows.items() if wanted in {key, row["workspace"].lower()}]
    found = exact or [key for key, row in rows.items() if wanted and wanted in row["workspace"].lower()]
    if len(found) == 1:
        return found[0]
    if found:
        listed = "\n".join(f"  {rows[key]['workspace_id']}" for key in found[:10])
        more = f"\n  and {len(found) - 10} more" if len(found) > 10 else ""
        raise UsageError(
            f"{len(found)} workspaces have {name!r} in their name. Give one of these:\n{listed}{more}"
        )
    names = [row["workspace"] for row in rows.values()]
    raise UsageError(
        f"{audit.name} has no workspace {name!r}. {did_you_mean(name, names)}It has {len(names):,}."
    )


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


def parts_of(audit: Snapshot, key: str, findings: Sequence[Row]) -> tuple[Part, Part, Part]:
    """Return the boxes: who may come in, the managed network, where it may go."""
    row = audit.workspace_rows[key]
    return (
        Part(heading="May come in", lines=(*_inbound(row, findings),)),
        Part(heading="Managed network", lines=(*_network(row),)),
        Part(heading="May go to", lines=(*_outbound(audit, row, key, findings),)),
    )


def _inbound(row: Row, findings: Sequence[Row]) -> Iterable[str]:
    access = row["effective_public_network_access"].lower()
    if access == "enabled":
        is_everybody = any(each["check_id"] == "NET002" and each["status"] == "fail" for each in findings)
        yield "! every address" if is_everybody else "the public endpoint (see NET002, NET003)"
    elif access != "disabled":
        yield f"? public access {row['effective_public_network_access'] or 'not reported'}"
    endpoints = row["approved_private_endpoints"]
    yield f"{endpoints or '?'} private {'endpoint' if endpoints == '1' else 'endpoints'}"


def _network(row: Row) -> Iterable[str]:
    mode = row["effective_isolation_mode"]
    yield _MODES.get(mode.lower(), f"? {mode}" if mode else "? mode not reported")
    if row["hub_resource_id"]:
        yield f"of the hub {name_in(row['hub_resource_id'])}"
    if mode.lower() != DISABLED.lower():
        yield f"status {row['managed_network_status'] or 'not reported'}"
    state = row["provisioning_state"]
    if state and state.lower() != "succeeded":
        yield f"! workspace {state}"


def _outbound(audit: Snapshot, row: Row, key: str, findings: Sequence[Row]) -> Iterable[str]:
    mode = row["effective_isolation_mode"].lower()
    if mode == INTERNET.lower():
        yield "! every public address"
        return
    if mode != APPROVED.lower():
        yield "? what your own network allows" if mode == DISABLED.lower() else "? unknown"
        return
    network = row["hub_resource_id"].lower() or key
    if network not in rules_known(audit):
        yield "? the rules were not read"
        return
    rules = [each for each in records(audit.rules_by_key) if each["workspace_key"] == network]
    judged = {each["resource_id"].lower() for each in findings if each["status"] == "fail"}
    open_to = [
        ("! " if each["rule_id"].lower() in judged else "- ") + _destination(each)
        for each in rules
        if is_in_force(rule_of(each)) is not False and not is_denial(rule_of(each)) and _is_chosen(each)
    ]
    required = sum(not _is_chosen(each) for each in rules)
    yield from sorted(open_to)[:_MOST_DESTINATIONS]
    if len(open_to) > _MOST_DESTINATIONS:
        yield f"- and {len(open_to) - _MOST_DESTINATIONS} more"
    if required:
        yield f"- {required} rules of Azure's own"


def _is_chosen(rule: Row) -> bool:
    return rule["category"].lower() not in {"required", "recommended", "dependency"}


def _destination(rule: Row) -> str:
    """Return the destination of the rule, a private endpoint by the name of its target."""
    if rule["type"].lower() == "privateendpoint" and rule["service_resource_id"]:
        return f"{rule['subresource_target']} of {name_in(rule['service_resource_id'])}"
    return destination_text(rule)


def name_in(resource_id: str) -> str:
    """Return the last part of a resource id."""
    return resource_id.rstrip("/").rpartition("/")[2]


def picture(parts: Sequence[Part], *, joint: str = _ARROW) -> list[str]:
    """Return the boxes side by side, at most 80 columns wide, in ASCII so that every terminal shows them."""
    boxes = [_box(part, width) for part, width in zip(parts, _WIDTHS, strict=True)]
    height = max(map(len, boxes))
    lines = []
    for number, cells in enumerate(zip_longest(*boxes, fillvalue=None)):
        between = joint if number == height // 2 else " " * len(joint)
        padded = (cell or " " * width for cell, width in zip(cells, _WIDTHS, strict=True))
        lines.append(between.join(padded).rstrip())
    return lines


def _box(part: Part, width: int) -> list[str]:
    inner = width - 4
    lines = [piece for line in part.lines for piece in _pieces(line, inner)]
    edge = f"+-{part.heading}-".ljust(width - 1, "-") + "+"
    return [edge, *(f"| {line.ljust(inner)} |" for line in lines), f"+{'-' * (width - 2)}+"]


def _pieces(line: str, width: int) -> list[str]:
    return wrap(harmless(line), width, subsequent_indent="  ") or [""]


def _show_head(row: Row, out: Console) -> None:
    kind = row["kind"] or "kind not reported"
    print_line(
        out, harmless(f"{row['workspace']} ({kind}, {row['location'] or 'region not reported'})"), "bold"
    )
    print_line(out, harmless(f"{row['subscription']} / {row['resource_group']}"))


def _show_findings(findings: Sequence[Row], out: Console, *, whole: bool) -> None:
    """Print the findings by check; below each finding those that follow from it."""
    consequences = [row for row in findings if row["verdict"] == "consequence"]
    own = [row for row in findings if row["verdict"] != "consequence"]
    if not own:
        print_line(out, "No finding needs attention.", "green")
        return
    shown = own if whole else own[:_MOST_FINDINGS]
    for (word, check_id), rows in groupby(shown, key=lambda row: (_word(row), row["check_id"])):
        listed = list(rows)
        head = Text.assemble(
            (f"\n{word} ", _STYLES.get(word, "magenta")), (check_id, "bold"), f" {listed[0]['title']}"
        )
        out.print(head)
        for row in listed:
            _show_finding(row, [each for each in consequences if _follows(each, row)], out)
        if any(row["status"] == "fail" for row in listed):
            _show_fix(check_id, out)
    if len(shown) < len(own):
        print_lines(out, f"\n... and {len(own) - len(shown)} more. Add --whole to list all.", "yellow")


def _word(row: Row) -> str:
    return row["severity"] if row["verdict"] == "violated" else row["verdict"]


def _show_finding(row: Row, consequences: Sequence[Row], out: Console) -> None:
    _show_indented(f"{_resource(row)}{row['reason']}", out)
    for each in consequences:
        reason = each["reason"].partition(" Follows from ")[0]
        _show_indented(f"Hence {each['check_id']}: {_resource(each)}{reason}", out, indent=4)


def _resource(row: Row) -> str:
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
    shown = Text(harmless(without_ids(text)), style=style)
    out.print(Padding(shown, (0, 0, 0, indent), expand=False))


def without_ids(text: str) -> str:
    """Return the text with the name of each resource in place of its id, which would break at the edge."""
    return _ID.sub(lambda found: name_in(found.group()), text)


def _follows(consequence: Row, cause: Row) -> bool:
    return consequence["caused_by"].lower() == f"{cause['check_id']} {cause['resource_id']}".lower()
