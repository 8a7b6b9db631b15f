"""`summary.md`: what to know first, sized for a comment on a pull request or the summary of a job.

GitHub refuses a comment of more than 65,536 characters and a job summary of more than 1 MiB (2026); Azure
DevOps and GitLab take more. Whoever posts it needs room for a line of their own. Everything that others
named stands in a code span, in which nothing is a mention, a link or HTML.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from checks.model import Severity, Status
from checks.policy.verdicts import Verdict
from reports.audit import Audit
from reports.literals import printable
from reports.origin import caution, moment, origin
from reports.tables.finding_rows import FindingRow, finding_rows
from reports.tables.policies import score_text
from reports.tables.population import gap_rows, population
from reports.writing.encoding import Files, chunks, utf8

NAME = "summary.md"
MOST_BYTES = 60_000
_MOST_IN_A_CELL = 200
_MOST_IN_A_COMMAND = 600
_LOOKALIKES = str.maketrans({"`": "'", "|": "\N{BROKEN BAR}"})
_ACTED_UPON = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_[]<>#|~&@"})


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading, a table, and how much of the room its rows may take, beside those of other sections."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    share: float


def files(audit: Audit) -> Files:
    """The one file."""
    return {NAME: chunks(_pieces(audit))}


def code(text: str, most: int = _MOST_IN_A_CELL) -> str:
    """The text as a code span on one line; a backtick and a pipe become their lookalikes."""
    shown = " ".join(printable(" ".join(text.split())).translate(_LOOKALIKES).split())
    if len(shown) > most:
        shown = shown[: most - 1] + "…"
    return f"`{shown}`" if shown else "–"


def plain(text: str) -> str:
    """The text as prose on one line, without anything Markdown would act upon."""
    return " ".join(printable(" ".join(text.split())).translate(_ACTED_UPON).split())


def _pieces(audit: Audit) -> Iterator[str]:
    head = _head(audit)
    told = sorted(finding_rows(audit), key=lambda row: Severity(row.severity).rank)
    sections = [section for section in _sections(audit, told) if section.rows]
    room = MOST_BYTES - len(utf8(head)) - sum(len(utf8(_around(section))) for section in sections)
    rooms = _rooms(sections, room)
    tables = [_table(each, _fitting(each.rows, size)) for each, size in zip(sections, rooms, strict=True)]
    yield "\n".join([head, *tables])


def _rooms(sections: Sequence[Section], room: float) -> list[float]:
    """The bytes for the rows of each section: what one does not need goes to the others, by their shares."""
    needs = [sum(map(_size, section.rows)) for section in sections]
    rooms, pending = [0.0] * len(sections), set(range(len(sections)))
    while pending:
        shares = sum(sections[each].share for each in pending)
        offers = {each: room * sections[each].share / shares for each in pending}
        modest = {each for each in pending if needs[each] <= offers[each]}
        for each in modest or pending:
            rooms[each] = min(needs[each], offers[each])
        room -= sum(needs[each] for each in modest)
        pending = pending - modest if modest else set()
    return rooms


def _head(audit: Audit) -> str:
    seen = population(audit.tables)
    unread = f" **{seen.unread:,} of them not.**" if seen.unread else ""
    lines = [
        "# Network isolation of Azure Machine Learning",
        "",
        *([f"> **{plain(caution(audit))}**", ""] if caution(audit) else []),
        f"{seen.read:,} of {len(seen.subscriptions):,} subscriptions read to the end.{unread} "
        f"{seen.workspaces:,} workspaces, {seen.outbound_rules:,} outbound rules. Gaps: **{seen.gaps:,}**.",
        "",
        *([] if caution(audit) else [plain(origin(audit))]),
        f"Read from {moment(audit.started_at)} to {moment(audit.finished_at)} by "
        f"azml-audit {plain(audit.tool_version)}.",
        "",
    ]
    return "\n".join(lines)


def _sections(audit: Audit, told: Sequence[FindingRow]) -> Iterator[Section]:
    by_verdict: dict[str, list[FindingRow]] = {each.value: [] for each in Verdict}
    for row in told:
        by_verdict[row.verdict].append(row)
    yield _policies(audit)
    yield Section(
        title="Not read",
        columns=("what", "of", "answer", "what closes it"),
        rows=[
            [code(gap.asked), code(gap.scope), code(gap.answer), code(gap.closes, _MOST_IN_A_COMMAND)]
            for gap in gap_rows(audit.tables)
        ],
        share=0.15,
    )
    yield Section(
        title="Not known",
        columns=("severity", "check", "resource", "why", "policy"),
        rows=[[*_who(row), code(row.reason), code(row.policy)] for row in by_verdict[Verdict.UNDETERMINED]],
        share=0.2,
    )
    yield Section(
        title="Violated",
        columns=("severity", "check", "resource", "observed", "policy"),
        rows=[[*_who(row), code(row.observed), code(row.policy)] for row in by_verdict[Verdict.VIOLATED]],
        share=0.3,
    )
    yield Section(
        title="Follows from another finding",
        columns=("severity", "check", "resource", "cause", "policy"),
        rows=[[*_who(row), code(row.caused_by), code(row.policy)] for row in by_verdict[Verdict.CONSEQUENCE]],
        share=0.1,
    )
    yield Section(
        title="Waived",
        columns=("severity", "check", "resource", "waiver", "policy"),
        rows=[[*_who(row), code(row.waiver), code(row.policy)] for row in by_verdict[Verdict.WAIVED]],
        share=0.1,
    )
    yield Section(title="To mind", columns=("policy", "what"), rows=list(_minded(audit)), share=0.05)


def _policies(audit: Audit) -> Section:
    rows = [
        [
            code(verdict.policy),
            f"**{verdict.verdict.value}**",
            score_text(verdict.score) or "none",
            f"{sum(verdict.violated.values()):,}",
            f"{verdict.statuses.get(Status.UNKNOWN, 0):,}",
            f"{verdict.statuses.get(Status.ERROR, 0):,}",
            f"{sum(verdict.waived.values()):,}",
            f"{verdict.statuses.get(Status.PASS, 0):,}",
        ]
        for verdict in audit.verdicts
    ]
    columns = ("policy", "verdict", "score", "violated", "unknown", "error", "waived", "pass")
    return Section(title="Policies", columns=columns, rows=rows, share=0.1)


def _who(row: FindingRow) -> list[str]:
    name = f"{row.workspace} / {row.resource}" if row.resource_id != row.workspace_id else row.workspace
    return [row.severity, f"{row.check_id} {plain(row.title)}", code(name)]


def _minded(audit: Audit) -> Iterator[list[str]]:
    for verdict in audit.verdicts:
        told = [f"Waiver expired: {each}" for each in verdict.expired_waivers]
        told += [f"Waiver without effect: {each}" for each in verdict.orphan_waivers]
        told += [f"Management group not read: {each}" for each in verdict.unread_groups]
        yield from ([code(verdict.policy), code(each)] for each in told)


def _fitting(rows: Sequence[Sequence[str]], budget: float) -> Sequence[Sequence[str]]:
    """As many of the first rows as there is room for."""
    used = 0
    for number, row in enumerate(rows):
        used += _size(row)
        if used > budget:
            return rows[:number]
    return rows


def _line(row: Sequence[str]) -> str:
    return f"| {' | '.join(row)} |"


def _size(row: Sequence[str]) -> int:
    return len(utf8(_line(row))) + 1


def _around(section: Section) -> str:
    """All of a section but its rows, at its longest."""
    return _table(section, []) + "\n"


def _table(section: Section, shown: Sequence[Sequence[str]]) -> str:
    left_out = len(section.rows) - len(shown)
    lines = [
        f"## {section.title} ({len(section.rows):,})",
        "",
        _line(section.columns),
        _line(["---"] * len(section.columns)),
        *map(_line, shown),
        "",
        *([f"**{left_out:,} more are left out here.**", ""] if left_out else []),
    ]
    return "\n".join(lines)
