"""`summary.md`: the most important results, short enough for a pull request comment or a job summary.

GitHub refuses a comment of more than 65,536 characters and a job summary of more than 1 MiB (2026); Azure
DevOps and GitLab accept more. `MOST_BYTES` leaves room for a line of the pipeline that posts it. Names and
values from Azure are in code spans, where Markdown finds no mention, link or HTML.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from checks.counting import counted
from checks.model import Status
from checks.severity import Verdict
from reports.audit import Audit
from reports.formats.texts import policy_notes
from reports.literals import printable
from reports.origin import caution, moment, origin
from reports.selection import OPEN
from reports.tables.causes import causes_of_unknown
from reports.tables.columns import ALL_FINDINGS
from reports.tables.finding_rows import FindingRow, finding_rows
from reports.tables.policies import score_text
from reports.tables.population import Population, gap_rows, population
from reports.tables.violations import worst_first
from reports.writing.encoding import Files, chunks, utf8
from reports.writing.lines import harmless

NAME = "summary.md"
MOST_BYTES = 60_000
_MOST_IN_A_CELL = 200
_MOST_IN_A_COMMAND = 600
_MOST_ROWS = 2_000
"""More rows of a table never fit: each has 40 bytes or more."""
_OTHER_SECTIONS = (
    (Verdict.CONSEQUENCE, "Follows from another finding", ("caused_by",), 0.1),
    (Verdict.WAIVED, "Waived", ("waiver",), 0.1),
    (Verdict.COMPLIANT, "Compliant", ("observed",), 0.1),
)
"""Verdict, title, the columns that explain it, and the share of the room, of the last tables of findings."""
_LOOKALIKES = str.maketrans({"`": "'", "|": "\N{BROKEN BAR}"})
_ACTED_UPON = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_[]<>#|~&@"})


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading, a table, and the share of the room that its rows may take.

    `total` is the number of things that the rows would list if all were there: one for each row, or `weights`.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    share: float
    total: int
    weights: Sequence[int] = ()
    unit: str = "rows"

    def missing(self, shown: int) -> int:
        """Return how many things are not listed if only the first rows are shown."""
        return self.total - (sum(self.weights[:shown]) if self.weights else shown)


def files(audit: Audit) -> Files:
    """Return the file."""
    return {NAME: chunks(_pieces(audit))}


def code(text: str, most: int = _MOST_IN_A_CELL) -> str:
    """Return the text as a code span on one line; a backtick and a pipe become characters that look alike."""
    shown = " ".join(harmless(printable(" ".join(text.split()))).translate(_LOOKALIKES).split())
    if len(shown) > most:
        shown = shown[: most - 1] + "…"
    return f"`{shown}`" if shown else "–"


def plain(text: str) -> str:
    """Return the text as prose on one line, with everything escaped that Markdown acts upon."""
    return " ".join(harmless(printable(" ".join(text.split()))).translate(_ACTED_UPON).split())


def _pieces(audit: Audit) -> Iterator[str]:
    head = _head(audit)
    sections = [section for section in _sections(audit) if section.rows]
    room = MOST_BYTES - len(utf8(head)) - sum(len(utf8(_around(section))) for section in sections)
    rooms = _rooms(sections, room)
    tables = [_table(each, _fitting(each.rows, size)) for each, size in zip(sections, rooms, strict=True)]
    yield "\n".join([head, *tables])


def _rooms(sections: Sequence[Section], room: float) -> list[float]:
    """Return the bytes for the rows of each section. Room that one does not need goes to the others."""
    needs = [sum(map(_size, section.rows)) for section in sections]
    rooms, shares = [0.0] * len(sections), sum(section.share for section in sections)
    # The section with the least need for its share comes first, so that its rest is known to the others.
    for each in sorted(range(len(sections)), key=lambda each: needs[each] / sections[each].share):
        rooms[each] = min(needs[each], room * sections[each].share / shares)
        room -= rooms[each]
        shares -= sections[each].share
    return rooms


def _head(audit: Audit) -> str:
    seen = population(audit.tables)
    missing = f" **The results do not cover {plain(seen.unread_names)}.**" if seen.unread else ""
    lines = [
        "# Network isolation of Azure Machine Learning",
        "",
        *([f"> **{plain(caution(audit))}**", ""] if caution(audit) else []),
        f"{seen.read:,} of {len(seen.subscriptions):,} subscriptions were read.{missing} "
        f"{seen.workspaces:,} workspaces, {seen.outbound_rules:,} outbound rules. Gaps: **{seen.gaps:,}**."
        f"{_left_out(seen)}",
        "",
        *([] if caution(audit) else [plain(origin(audit))]),
        f"Read from {moment(audit.started_at)} to {moment(audit.finished_at)} by "
        f"azml-audit {plain(audit.tool_version)}.",
        *_not_listed(audit),
        *_headlines(audit),
        *([f"Root digest of the evidence: {code(audit.root_digest)}"] if audit.root_digest else []),
        "",
    ]
    return "\n".join(lines)


def _headlines(audit: Audit) -> list[str]:
    """Return the sentences that count workspaces, each once, as a list."""
    lines = dict.fromkeys(line for verdict in audit.verdicts for line in verdict.headlines)
    return ["", *(f"- {plain(line)}" for line in lines), ""] if lines else []


def _left_out(seen: Population) -> str:
    if not seen.left_out:
        return ""
    kinds = (seen.subscriptions_left_out, "subscription"), (seen.workspaces_left_out, "workspace")
    shown = " and ".join(counted(number, kind) for number, kind in kinds if number)
    return f" The scope leaves out {shown}: `left_out.csv` has the rules."


def _not_listed(audit: Audit) -> list[str]:
    counts = [f"{count:,} {status}" for status, count in audit.not_listed(OPEN).items() if status in OPEN]
    return [f"**Not listed here: {', '.join(counts)}.** {ALL_FINDINGS} has all findings."] if counts else []


def _sections(audit: Audit) -> Iterator[Section]:
    found = worst_first(audit.listed(OPEN))
    yield _policies(audit)
    yield _of_verdict(audit, found, Verdict.VIOLATED, "Violated", ("observed", "followed_by"), 0.3)
    yield _unknown(found[found["verdict"].eq(Verdict.UNDETERMINED)])
    gaps = gap_rows(audit.tables)
    yield Section(
        title="Gaps",
        columns=("asked for", "scope", "answer", "what closes it"),
        rows=[
            [code(gap.asked), code(gap.scope), code(gap.answer), code(gap.closes, _MOST_IN_A_COMMAND)]
            for gap in gaps[:_MOST_ROWS]
        ],
        share=0.15,
        total=len(gaps),
    )
    for verdict, title, columns, share in _OTHER_SECTIONS:
        yield _of_verdict(audit, found, verdict, title, columns, share)
    notes = list(_notes(audit))
    yield Section(title="Policy notes", columns=("policy", "what"), rows=notes, share=0.05, total=len(notes))


def _of_verdict(
    audit: Audit, found: pd.DataFrame, verdict: Verdict, title: str, columns: Sequence[str], share: float
) -> Section:
    own = found[found["verdict"].eq(verdict)]
    rows = finding_rows(own.head(_MOST_ROWS), audit.tables)
    return Section(
        title=title,
        columns=("severity", "check", "resource", *(each.replace("_", " ") for each in columns), "policy"),
        rows=[
            [*_who(row), *(code(getattr(row, each)) for each in columns), code(row.policy)] for row in rows
        ],
        share=share,
        total=len(own),
    )


def _unknown(found: pd.DataFrame) -> Section:
    """Return the undetermined findings by their cause: the reason why the check could not decide."""
    causes = causes_of_unknown(found)
    return Section(
        title="Unknown, by cause",
        columns=("severity", "cause", "findings", "workspaces", "checks", "policy"),
        rows=[
            [
                cause.severity,
                code(cause.reason),
                f"{cause.findings:,}",
                f"{cause.workspaces:,}",
                plain(", ".join(cause.checks)),
                code(cause.policy),
            ]
            for cause in causes
        ],
        share=0.2,
        total=len(found),
        weights=[cause.findings for cause in causes],
        unit="findings",
    )


def _policies(audit: Audit) -> Section:
    rows = [
        [
            code(verdict.policy),
            f"**{verdict.verdict.value}**",
            score_text(verdict.score) or "none",
            f"{sum(verdict.violated.values()):,}",
            f"{verdict.consequences - verdict.repeats:,}",
            f"{verdict.inheriting:,}",
            f"{verdict.undecided:,}",
            f"{sum(verdict.waived.values()):,}",
            f"{verdict.statuses.get(Status.PASS, 0):,}",
        ]
        for verdict in audit.verdicts
    ]
    columns = (
        "policy",
        "verdict",
        "score",
        "violated",
        "follow",
        "Projects that inherit",
        "unknown",
        "waived",
        "pass",
    )
    return Section(title="Policies", columns=columns, rows=rows, share=0.1, total=len(rows))


def _who(row: FindingRow) -> list[str]:
    return [row.severity, f"{row.check_id} {plain(row.title)}", code(row.label)]


def _notes(audit: Audit) -> Iterator[list[str]]:
    for verdict in audit.verdicts:
        yield from ([code(verdict.policy), code(f"{label}: {each}")] for label, each in policy_notes(verdict))


def _fitting(rows: Sequence[Sequence[str]], budget: float) -> Sequence[Sequence[str]]:
    """Return as many of the first rows as fit."""
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
    """Return a section without its rows, in its longest form."""
    return _table(section, []) + "\n"


def _table(section: Section, shown: Sequence[Sequence[str]]) -> str:
    left_out = section.missing(len(shown))
    lines = [
        f"## {section.title} ({section.total:,})",
        "",
        _line(section.columns),
        _line(["---"] * len(section.columns)),
        *map(_line, shown),
        "",
        *([f"**{left_out:,} more {section.unit} are left out.**", ""] if left_out else []),
    ]
    return "\n".join(lines)
