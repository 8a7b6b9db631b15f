"""`junit.xml`: a suite for each policy and one for the gaps, with a test case for each violation and each unknown.

A violation is a failure. An undetermined finding and a gap are errors. A waived finding and a consequence are
skipped, with the reason. One case counts all passes of a check, and a skipped one the resources to which the check
does not apply. Attributes and elements are those of the Ant and
Jenkins dialect; times are UTC.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import pandas as pd

from checks.model import Status
from checks.policy.judge import PolicyVerdict
from checks.severity import Verdict
from reports.audit import Audit
from reports.formats.texts import fix_summary, gap_text, policy_notes
from reports.origin import NOT_AZURE, moment, origin
from reports.selection import ALL, OPEN
from reports.tables.check_counts import CheckCount, counts_by_check
from reports.tables.columns import ALL_FINDINGS
from reports.tables.finding_rows import UNNAMED, FindingRow, finding_rows, of_policy
from reports.tables.population import GapRow, gap_rows
from reports.writing.encoding import Files, chunks, xml_escaped

NAME = "junit.xml"

_COUNTED = {"failure": "failures", "error": "errors", "skipped": "skipped"}
_IN_ATTRIBUTES = str.maketrans({'"': "&quot;", "\n": "&#10;", "\t": "&#9;"})


def files(audit: Audit) -> Files:
    """Return the file."""
    return {NAME: chunks(_lines(audit))}


def _lines(audit: Audit) -> Iterator[str]:
    found = {verdict.policy: of_policy(audit.listed(ALL), verdict.policy) for verdict in audit.verdicts}
    counted = {policy: _counts(findings) for policy, findings in found.items()}
    gaps = gap_rows(audit.tables)
    of_gaps = Counter(error=len(gaps))
    name = "azml-audit" if audit.is_azure else f"azml-audit ({NOT_AZURE})"
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f"<testsuites{_attributes(name=name, **_totals(sum(counted.values(), of_gaps)))}>\n"
    yield from _suite(audit, "gaps", [], of_gaps, map(_gap_case, gaps))
    for verdict in audit.verdicts:
        policy = verdict.policy
        properties = _of_policy(audit, verdict, found[policy])
        yield from _suite(audit, policy, properties, counted[policy], _cases(audit, found[policy]))
    yield "</testsuites>\n"


def _counts(findings: pd.DataFrame) -> Counter[str]:
    """Return the number of cases by result; "" for cases that pass."""
    rows = findings[findings["status"].isin(list(OPEN))]
    pairs = zip(rows["verdict"].astype(object), rows["status"].astype(object), strict=True)
    counts: Counter[str] = Counter()
    for (verdict, status), count in Counter(pairs).items():
        counts[outcome(verdict, status)] += count
    for group in counts_by_check(findings):
        counts[outcome(Verdict.COMPLIANT.value, group.status)] += 1
    return counts


def _cases(audit: Audit, findings: pd.DataFrame) -> Iterator[str]:
    """Yield a case for each finding that needs action, then one for each check with findings that need none."""
    needed = findings[findings["status"].isin(list(OPEN))]
    for row in finding_rows(needed, audit.tables):
        yield _case(audit, row)
    for group in counts_by_check(findings):
        yield _case_of_check(group)


def _case_of_check(group: CheckCount) -> str:
    """Return the case of a check and the resources that pass, or to which the check does not apply.

    Its name is the same in every run; the count is in its text.
    """
    counted = f"{group.count:,} {'resource' if group.count == 1 else 'resources'}"
    classname = f"{group.policy}.{group.check_id}"
    if group.status == Status.NOT_APPLICABLE:
        case = _attributes(classname=classname, name=f"{group.title}: not applicable", time="0")
        return (
            f"<testcase{case}><skipped{_attributes(message=f'Not applicable to {counted}.')}/></testcase>\n"
        )
    case = _attributes(classname=classname, name=f"{group.title}: resources that pass", time="0")
    return f"<testcase{case}><system-out>{xml_escaped(f'Pass: {counted}.')}</system-out></testcase>\n"


def outcome(verdict: str, status: str) -> str:
    """Return failure, error or skipped; "" for a test case that passes."""
    if verdict in {Verdict.WAIVED, Verdict.CONSEQUENCE} or status == Status.NOT_APPLICABLE:
        return "skipped"
    return {Verdict.VIOLATED.value: "failure", Verdict.UNDETERMINED.value: "error"}.get(verdict, "")


def _totals(counts: Counter[str]) -> dict[str, str]:
    totals = {"tests": str(counts.total())}
    return totals | {name: str(counts[each]) for each, name in _COUNTED.items()}


def _of_policy(audit: Audit, verdict: PolicyVerdict, listed: pd.DataFrame) -> list[tuple[str, str]]:
    score = "none" if verdict.score is None else f"{verdict.score:.1f}"
    statuses = ", ".join(f"{count:,} {status}" for status, count in verdict.statuses.items())
    missing = len(of_policy(audit.findings, verdict.policy)) - len(listed)
    not_listed = [("findings not listed", f"{missing:,}; {ALL_FINDINGS} has them")] if missing else []
    notes = [(label.lower(), each) for label, each in policy_notes(verdict)]
    return [
        ("verdict", verdict.verdict.value),
        ("score", score),
        ("findings", statuses),
        *not_listed,
        *notes,
    ]


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
    result = outcome(row.verdict, row.status)
    if result == "skipped":
        message = f"Counted with its cause. {row.reason}" if row.caused_by else f"Waived: {row.waiver}"
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
    element = f"<{result}{_attributes(type=kind, message=message)}>{xml_escaped(body)}</{result}>"
    return f"<testcase{case}>{element}</testcase>\n"


def _gap_case(gap: GapRow) -> str:
    case = _attributes(
        classname="gaps", name=f"{gap.asked}: {gap.scope or 'the tenant'} {gap.request}", time="0"
    )
    error = _attributes(type="gap", message=gap_text(gap))
    return f"<testcase{case}><error{error}>{xml_escaped(gap.request)}</error></testcase>\n"


def _attributes(**values: str) -> str:
    return "".join(
        f' {name}="{xml_escaped(text).translate(_IN_ATTRIBUTES)}"' for name, text in values.items()
    )
