"""Write the work paper of a verification in Markdown: what was checked, a sample of findings, and the limits."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from checks.model import Check
from reports.errors import UnwritableReportError
from reports.formats.markdown import code, plain
from reports.writing.single_file import check_file
from scanner.errors import UsageError
from scanner.evidence.bounded_json import bounded
from scanner.evidence.deciding import deciding, findings_of, items_of, place_in
from scanner.evidence.opening import Bundle, opened
from scanner.evidence.statement import STATEMENT, Statement, statement_in
from scanner.evidence.verifying.steps import Verification
from scanner.payloads.payload import Gap, Payload
from scanner.version import VERSION

_MOST_LINES = 40
_LIMITS = (
    "The bundle shows what the identity saw. It does not show what was hidden from it.",
    "Azure does not sign its answers. The person who scanned claims that Azure gave them.",
    "A signature shows who vouches for the bundle, not that the scan was honest.",
    "Expectations that were not given were not compared.",
    "Revoked certificates of timestamp authorities were not looked up.",
)


@dataclass(frozen=True, kw_only=True)
class Paper:
    """The file of a work paper, and how many findings it traces."""

    path: Path
    sample: int


def paper_at(path: Path, sample: int) -> Paper:
    """Return the work paper to write there. Raises an error if something is there, or no file can be written."""
    if os.path.lexists(path):
        raise UsageError(f"--report {path} exists, and a work paper is never overwritten. Name another file.")
    check_file("--report", path)
    return Paper(path=path, sample=sample)


def write_paper(paper: Paper, bundle: Path, found: Verification, checks: Mapping[str, Check]) -> None:
    """Write the work paper. Raises UnwritableReportError where the file system refuses."""
    text = "\n".join(_lines(bundle, found, checks, paper.sample)) + "\n"
    try:
        with paper.path.open("x", encoding="utf-8") as file:
            paper.path.chmod(0o600)
            file.write(text)
    except OSError as error:
        raise UnwritableReportError(
            f"The work paper could not be written to {paper.path}: {error}."
        ) from error


def _lines(path: Path, found: Verification, checks: Mapping[str, Check], sample: int) -> Iterator[str]:
    yield from ("# Work paper: verification of evidence", "")
    yield f"- Bundle: {code(str(path), 1000)}"
    yield f"- Root digest: {code(found.root, 100)}"
    yield f"- Verified with azml-audit {VERSION}"
    yield f"- Result: **{found.conclusion or 'not verified'}**"
    yield from ("", "## What was checked", "")
    for step in found.steps:
        for sign, texts in (
            ("wrong", step.wrong),
            ("cannot", step.cannot),
            ("holds", step.holds),
            ("open", step.open),
        ):
            yield from (f"- {step.name}, {sign}: {plain(text)}" for text in texts)
    if found.level is not None:
        bundle = opened(path)
        yield from _scope(statement_in(bounded(bundle, STATEMENT)))
        yield from _sample(bundle, found.root, checks, sample)
    yield from ("", "## What this cannot show", "")
    yield from (f"- {limit}" for limit in _LIMITS)


def _scope(statement: Statement) -> Iterator[str]:
    record, derived = statement.record, statement.derived
    asked_by = record.asked_by.object_id if record.asked_by else "none"
    yield from ("", "## Scope", "")
    yield f"- Source: {plain(record.source)}; identity {code(asked_by)}; azml-audit {plain(record.tool_version)}"
    yield f"- From {record.started_at.isoformat()} to {record.finished_at.isoformat()}"
    yield (
        f"- Subscriptions: {derived.subscriptions_read:,} read, {derived.subscriptions_unread:,} not read, "
        f"{derived.subscriptions_not_asked_for:,} not asked for, {derived.subscriptions_left_out:,} left out by a rule"
    )
    yield (
        f"- Workspaces: {derived.workspaces:,}, and {derived.workspaces_left_out:,} left out by a rule; "
        f"gaps: {derived.gaps:,}"
    )
    for name, rule in record.asked_for.wanted.rules.items():
        if rule:
            yield f"- Rule of the scope: {code(f'{name} {json.dumps(rule)}', 1000)}"
    for each in derived.policies:
        yield f"- Policy {code(each.name)}, digest {code(each.digest)}: {each.verdict}, findings: {each.findings:,}"


def _sample(bundle: Bundle, root: str, checks: Mapping[str, Check], count: int) -> Iterator[str]:
    """Yield a sample of the findings with what decides each. The root digest draws it, so others draw the same."""
    findings = findings_of(bundle)
    order = sorted(range(len(findings)), key=lambda number: sha256(f"{root} {number}".encode()).digest())
    chosen = findings.iloc[sorted(order[:count])]
    yield from ("", f"## Sample: {len(chosen):,} of {len(findings):,} findings", "")
    yield "The SHA-256 of the root digest and the number of a finding, the worst first, draws the sample."
    references = {each for text in chosen["evidence"] for each in text.split(" ")}
    items = items_of(bundle, references)
    for row in chosen.to_dict("records"):
        yield from _finding({str(name): value for name, value in row.items()}, items, checks)


def _finding(
    row: Mapping[str, Any], items: Mapping[str, Payload | Gap], checks: Mapping[str, Check]
) -> Iterator[str]:
    yield from ("", f"### {plain(row['check_id'])} {plain(row['status'])}, {plain(row['verdict'])}", "")
    for name in ("finding_id", "policy", "resource_id", "observed", "expected", "reason", "waiver"):
        if row[name]:
            yield f"- {name}: {code(row[name], 1000)}"
    for reference in row["evidence"].split(" "):
        identity, _, pointer = reference.partition("#")
        item = items.get(identity)
        yield from ("", f"{code(reference, 1000)}")
        if isinstance(item, Payload):
            yield f"{code(item.ask.request, 1000)} answered {item.status} at {item.retrieved_at.isoformat()}"
            document = deciding(place_in(item.document, pointer), checks.get(row["check_id"]))
            yield from _indented(document)
        elif item is not None:
            yield f"gap: {code(f'{item.request}: {item.code}: {item.message}', 1000)}"


def _indented(document: Any) -> Iterator[str]:
    """Yield JSON as a code block by indentation, out of which no text can break."""
    lines = json.dumps(document, indent=2, ensure_ascii=True).splitlines()
    yield ""
    yield from (f"    {line}" for line in lines[:_MOST_LINES])
    if len(lines) > _MOST_LINES:
        yield f"    … {len(lines) - _MOST_LINES} more lines"
