"""`junit.xml`: a test case for each check and resource, a suite for each policy and one for the gaps.

A violation is a failure. An undetermined finding and a gap are errors. A waived finding, a consequence and a
check that does not apply are skipped, with the reason. Attributes and elements are those of the Ant and
Jenkins dialect; times are UTC.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape

from checks.model import Status
from checks.policy.judge import PolicyVerdict
from checks.severity import Verdict
from reports.audit import Audit
from reports.formats.texts import fix_summary, gap_text, policy_notes
from reports.origin import NOT_AZURE, moment, origin
from reports.tables.finding_rows import UNNAMED, FindingRow, rows_by_policy
from reports.tables.population import GapRow, gap_rows
from reports.writing.encoding import Files, chunks, for_xml

NAME = "junit.xml"

_COUNTED = {"failure": "failures", "error": "errors", "skipped": "skipped"}
_IN_ATTRIBUTES = {'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}


def files(audit: Audit) -> Files:
    """Return the file."""
    return {NAME: chunks(_lines(audit))}


def _lines(audit: Audit) -> Iterator[str]:
    cases = rows_by_policy(audit)
    gaps = gap_rows(audit.tables)
    counts = Counter(outcome(row) for rows in cases.values() for row in rows)
    counts["error"] += len(gaps)
    name = "azml-audit" if audit.is_azure else f"azml-audit ({NOT_AZURE})"
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f"<testsuites{_attributes(name=name, **_totals(counts))}>\n"
    yield from _suite(audit, "gaps", [], Counter(error=len(gaps)), map(_gap_case, gaps))
    for verdict in audit.verdicts:
        rows = cases[verdict.policy]
        counted = Counter(map(outcome, rows))
        yield from _suite(
            audit, verdict.policy, _of_policy(verdict), counted, (_case(audit, row) for row in rows)
        )
    yield "</testsuites>\n"


def outcome(row: FindingRow) -> str:
    """Return failure, error or skipped; "" for a test case that passes."""
    if row.verdict in {Verdict.WAIVED, Verdict.CONSEQUENCE} or row.status == Status.NOT_APPLICABLE:
        return "skipped"
    return {Verdict.VIOLATED.value: "failure", Verdict.UNDETERMINED.value: "error"}.get(row.verdict, "")


def _totals(counts: Counter[str]) -> dict[str, str]:
    totals = {"tests": str(counts.total())}
    return totals | {name: str(counts[each]) for each, name in _COUNTED.items()}


def _of_policy(verdict: PolicyVerdict) -> list[tuple[str, str]]:
    score = "none" if verdict.score is None else f"{verdict.score:.1f}"
    notes = [(label.lower(), each) for label, each in policy_notes(verdict)]
    return [("verdict", verdict.verdict.value), ("score", score), *notes]


def _suite(
    audit: Audit, name: str, properties: list[tuple[str, str]], counts: Counter[str], cases: Iterable[str]
) -> Iterator[str]:
    started = moment(audit.started_at).removesuffix("Z")
    suite = _attributes(name=name, **_totals(counts), time="0", timestamp=started)
    yield f"<testsuite{suite}>\n<properties>\n"
    root = [("root digest of the evidence", audit.root_digest)] if audit.root_digest else []
    tool = ("tool", f"azml-audit {audit.tool_version}")
    for key, value in [tool, ("source", origin(audit)), *root, *properties]:
        yield f"<property{_attributes(name=key, value=value)}/>\n"
    yield "</properties>\n"
    yield from cases
    yield "</testsuite>\n"


def _case(audit: Audit, row: FindingRow) -> str:
    case = _attributes(
        classname=f"{row.policy}.{row.check_id}", name=f"{row.title}: {row.resource_id or UNNAMED}", time="0"
    )
    result = outcome(row)
    if not result:
        return f"<testcase{case}/>\n"
    if result == "skipped":
        message = f"Waived: {row.waiver}" if row.waiver else f"Not applicable. {row.reason}".strip()
        if row.caused_by:
            message = f"Counted with its cause. {row.reason}"
        return f"<testcase{case}><skipped{_attributes(message=message)}/></testcase>\n"
    kind = row.severity if result == "failure" else row.status
    message = row.explanation if result == "failure" else f"Undetermined: {row.explanation}"
    body = "\n".join(
        [
            f"Observed: {row.observed}",
            f"Expected: {row.expected}",
            f"Severity: {row.severity}",
            f"Workspace: {row.workspace_id}",
            f"Fix: {fix_summary(audit.checks[row.check_id])}",
            f"Finding: {row.finding_id}",
        ]
    )
    element = f"<{result}{_attributes(type=kind, message=message)}>{_text(body)}</{result}>"
    return f"<testcase{case}>{element}</testcase>\n"


def _gap_case(gap: GapRow) -> str:
    case = _attributes(
        classname="gaps", name=f"{gap.asked}: {gap.scope or 'the tenant'} {gap.request}", time="0"
    )
    error = _attributes(type="gap", message=gap_text(gap))
    return f"<testcase{case}><error{error}>{_text(gap.request)}</error></testcase>\n"


def _attributes(**values: str) -> str:
    return "".join(f' {name}="{escape(for_xml(text), _IN_ATTRIBUTES)}"' for name, text in values.items())


def _text(text: str) -> str:
    return escape(for_xml(text), {"\r": "&#13;"})
