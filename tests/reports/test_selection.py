"""Laws about the findings that files list: no violation is lost, and what is left out is counted."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from checks.engine.finding_ids import finding_ids
from checks.model import Status
from checks.policy.judge import concluded, judged
from checks.severity import Severity, Verdict
from reports.audit import Audit
from reports.errors import ReportError
from reports.formats import csv_report, sarif, xlsx
from reports.formats.registry import RENDERERS, rendered, write
from reports.formats.sarif_runs import Limits
from reports.selection import OPEN, USUAL, Selection, selection
from scanner.errors import SnapshotError
from scanner.snapshots import snapshot, snapshot_of
from tests.support.audits.audits import CHECKS, audit_of, written
from tests.support.audits.tenants import tenant

STATUSES = [status.value for status in Status]
MIXES = st.lists(st.sampled_from(STATUSES), min_size=1, max_size=60)
SELECTIONS = st.builds(
    Selection,
    statuses=st.none() | st.frozensets(st.sampled_from(STATUSES)),
    include=st.frozensets(st.sampled_from(STATUSES), max_size=2),
)
LAWS = settings(max_examples=6, deadline=None)


@cache
def base() -> Audit:
    """An audit of two policies whose findings the laws give other statuses."""
    return audit_of(tenant(6, rules=2), {"one": CHECKS, "two": CHECKS[:3]})


def audit_with(statuses: Sequence[str], chosen: Selection = USUAL) -> Audit:
    """An audit whose findings have these statuses in turn, each judged as its policy judges it."""
    findings = base().findings
    mixed = [statuses[number % len(statuses)] for number in range(len(findings))]
    anew = findings.assign(status=pd.Series(mixed, index=findings.index, dtype="string"))
    anew = anew.drop(columns=["verdict", "waiver", "caused_by"], errors="ignore")
    policies = {verdict.policy: anew[anew["policy"].eq(verdict.policy)] for verdict in base().verdicts}
    found = {name: judged(rows.drop(columns="policy"), name) for name, rows in policies.items()}
    verdicts = tuple(
        concluded(
            rows,
            policy=name,
            description="",
            checks=tuple(sorted(set(rows["check_id"]))),
            fail_on=Severity.LOW,
            complete=True,
        )
        for name, rows in found.items()
    )
    return replace(
        base(),
        findings=pd.concat([rows.astype(object) for rows in found.values()], ignore_index=True),
        verdicts=verdicts,
        selection=chosen,
    )


def ids(audit: Audit, statuses: frozenset[str] | set[str]) -> Counter[str]:
    """The ids of the findings with these statuses, each as often as policies have it."""
    return Counter(finding_ids(audit.findings[audit.findings["status"].isin(list(statuses))]))


def texts(audit: Audit, name: str) -> dict[str, bytes]:
    return written(RENDERERS[name](audit))


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def of_csv(audit: Audit) -> Counter[str]:
    return Counter(finding_ids(pd.DataFrame(rows_of(texts(audit, "csv")["findings.csv"]), columns=COLUMNS)))


COLUMNS = ["check_id", "resource_id", "workspace_id", "status"]


def of_json(audit: Audit) -> Counter[str]:
    found = json.loads(texts(audit, "json")["report.json"])["findings"]
    return Counter(each["finding_id"] for each in found)


def of_sarif(audit: Audit) -> Counter[str]:
    runs = json.loads(texts(audit, "sarif")["report.sarif"])["runs"]
    return Counter(result["correlationGuid"] for run in runs for result in run["results"])


def of_ocsf(audit: Audit) -> Counter[str]:
    events = map(json.loads, texts(audit, "ocsf")["report.ocsf.jsonl"].splitlines())
    return Counter(each["finding_info"]["uid"] for each in events if each["finding_info"]["types"] != ["GAP"])


def observations(audit: Audit) -> list[dict[str, str]]:
    """The properties of every observation of OSCAL."""
    results = json.loads(texts(audit, "oscal")["report.oscal.json"])["assessment-results"]["results"]
    found = [each for result in results for each in result.get("observations", [])]
    return [{prop["name"]: prop["value"] for prop in each["props"]} for each in found]


def of_oscal(audit: Audit) -> Counter[str]:
    return Counter(each["finding-id"] for each in observations(audit) if "finding-id" in each)


def of_junit(audit: Audit) -> Counter[str]:
    text = texts(audit, "junit")["junit.xml"].decode()
    return Counter(re.findall(r"^Finding: (\S+?)<", text, re.MULTILINE))


def of_xlsx(audit: Audit, most_rows: int = xlsx.MOST_ROWS) -> Counter[str]:
    book = load_workbook(io.BytesIO(written(xlsx.files(audit, most_rows=most_rows))["report.xlsx"]))
    found: Counter[str] = Counter()
    for sheet in book:
        if sheet.title.startswith("findings"):
            assert sheet.max_row <= most_rows
            found.update(str(row[-1]) for row in sheet.iter_rows(min_row=2, values_only=True) if row[-1])
    return found


def of_violations(audit: Audit) -> Counter[str]:
    return Counter(row["finding_id"] for row in rows_of(texts(audit, "csv")["violations.csv"]))


def of_parquet(audit: Audit) -> Counter[str]:
    content = written(csv_report.all_findings(audit))["findings.parquet"]
    return Counter(finding_ids(pq.read_table(io.BytesIO(content)).to_pandas()))


READERS: dict[str, Callable[[Audit], Counter[str]]] = {
    "findings.csv": of_csv,
    "violations.csv": of_violations,
    "findings.parquet": of_parquet,
    "json": of_json,
    "sarif": of_sarif,
    "ocsf": of_ocsf,
    "oscal": of_oscal,
    "junit": of_junit,
    "xlsx": of_xlsx,
}
IN_FULL = frozenset({"violations.csv", "oscal", "junit"})
"""The files with a record for each finding that needs action, and for no other."""


@LAWS
@given(MIXES)
def test_every_format_lists_every_violation_and_every_unknown(statuses: list[str]) -> None:
    audit = audit_with(statuses)
    wanted = ids(audit, OPEN)
    for name, read in READERS.items():
        assert wanted <= read(audit), name


@LAWS
@given(MIXES, SELECTIONS)
def test_the_options_choose_the_same_findings_in_every_format(statuses: list[str], chosen: Selection) -> None:
    audit = audit_with(statuses, chosen)
    for name, read in READERS.items():
        if name == "findings.parquet":
            assert read(audit) == ids(audit, set(STATUSES))
            continue
        usual = {"json": frozenset(STATUSES), "sarif": OPEN} | dict.fromkeys(IN_FULL, OPEN)
        listed = chosen.of(usual.get(name, frozenset(STATUSES) - {"not-applicable"}))
        assert read(audit) == ids(audit, listed & OPEN if name in IN_FULL else listed), name


@LAWS
@given(MIXES, SELECTIONS)
def test_listed_and_left_out_add_up_in_every_file_that_counts(statuses: list[str], chosen: Selection) -> None:
    audit = audit_with(statuses, chosen)
    in_all = len(audit.findings)
    tables = texts(audit, "csv")
    package = {each["path"]: each for each in json.loads(tables["datapackage.json"])["resources"]}
    missing = package["findings.csv"]["notListed"]
    assert len(rows_of(tables["findings.csv"])) + sum(missing.values()) == in_all
    assert package["findings.parquet"]["notListed"] == {}
    for status, count in missing.items():
        assert f"{count:,} {status}" in package["findings.csv"]["description"]
    open_ones = sum(ids(audit, OPEN).values())
    left = sum(package["violations.csv"]["notListed"].values())
    assert len(rows_of(tables["violations.csv"])) + left == open_ones
    document = json.loads(texts(audit, "json")["report.json"])
    assert len(document["findings"]) + sum(document["not_listed"].values()) == in_all
    scores = [row for row in rows_of(tables["scores.csv"]) if row["scope"] == "policy"]
    assert sum(int(row["not_applicable"]) for row in scores) == sum(ids(audit, {"not-applicable"}).values())


@LAWS
@given(MIXES, SELECTIONS)
def test_passes_are_counted_by_check_in_junit_and_oscal(statuses: list[str], chosen: Selection) -> None:
    audit = audit_with(statuses, chosen)
    listed = audit.listed(frozenset(STATUSES))
    rest = listed[~listed["status"].isin(list(OPEN))]
    wanted = Counter(zip(rest["check_id"], rest["status"], strict=True))
    told: Counter[tuple[str, str]] = Counter()
    for each in observations(audit):
        if "resources" in each:
            told[each["check-id"], each["status"]] += int(each["resources"])
    assert told == wanted
    cases: Counter[tuple[str, str]] = Counter()
    for case in ET.fromstring(texts(audit, "junit")["junit.xml"]).iter("testcase"):
        text = case.findtext("system-out") or next((each.get("message") for each in case.iter("skipped")), "")
        found = re.fullmatch(r"(Pass:|Not applicable to) ([\d,]+) resources?\.", text or "")
        if found:
            status = "pass" if found[1] == "Pass:" else "not-applicable"
            cases[str(case.get("classname")).rpartition(".")[2], status] += int(found[2].replace(",", ""))
    assert cases == wanted


@LAWS
@given(MIXES, SELECTIONS)
def test_a_report_is_read_back_as_a_whole_whatever_it_lists(statuses: list[str], chosen: Selection) -> None:
    audit = audit_with(statuses, chosen)
    whole = snapshot_of(replace(audit, selection=Selection()), "audit").findings
    assert len(whole) == len(audit.findings)
    pd.testing.assert_frame_equal(snapshot_of(audit, "audit").findings, whole)


def test_a_folder_without_the_whole_findings_is_refused_unless_its_csv_has_them(tmp_path: Path) -> None:
    audit = audit_with(["pass", "not-applicable", "fail"])
    folder = write(audit, tmp_path / "report", ["csv"])
    whole = snapshot(folder).findings
    (folder / "findings.parquet").unlink()
    missing = sum(ids(audit, {"not-applicable"}).values())
    with pytest.raises(SnapshotError, match=f"leaves out {missing:,} judged findings"):
        snapshot(folder)
    chosen = Selection(include=frozenset({"not-applicable"}))
    older = write(replace(audit, selection=chosen), tmp_path / "older", ["csv"])
    (older / "findings.parquet").unlink()
    pd.testing.assert_frame_equal(snapshot(older).findings, whole)


def test_a_report_that_is_older_than_a_column_is_read(tmp_path: Path) -> None:
    folder = write(audit_with(["pass", "fail"]), tmp_path / "report", ["csv"])
    whole = snapshot(folder).findings
    parquet = folder / "findings.parquet"
    pq.write_table(pq.read_table(parquet).drop_columns("followed_by"), parquet)
    pd.testing.assert_frame_equal(snapshot(folder).findings, whole.assign(followed_by=whole["waiver"]))


@LAWS
@given(MIXES, st.integers(4, 30))
def test_a_workbook_never_cuts_what_needs_action(statuses: list[str], most_rows: int) -> None:
    audit = audit_with(statuses)
    found = of_xlsx(audit, most_rows)
    listed = frozenset(STATUSES) - {"not-applicable"}
    assert ids(audit, OPEN) <= found <= ids(audit, listed)
    book = load_workbook(io.BytesIO(written(xlsx.files(audit, most_rows=most_rows))["report.xlsx"]))
    notes = [str(cell.value) for cell in book["summary"]["A"] if "findings do not fit" in str(cell.value)]
    cut = sum(ids(audit, listed).values()) - sum(found.values())
    assert [int(note.split()[0].replace(",", "")) for note in notes] == ([cut] if cut else [])


@LAWS
@given(MIXES, st.integers(2, 6), st.integers(1, 15), st.sampled_from([4_000, 6_000, 8_000, 10**7]))
def test_sarif_keeps_its_limits_and_counts_what_has_no_room(
    statuses: list[str], runs: int, results: int, compressed: int
) -> None:
    audit = audit_with(statuses)
    limits = Limits(runs=runs, results=results, compressed=compressed, batch=3)
    content = written(sarif.files(audit, limits=limits))["report.sarif"]
    found = json.loads(content)["runs"]
    assert len(found) <= runs
    assert all(len(run["results"]) <= results for run in found)
    assert all(run["results"] for run in found if run["properties"]["part"] > 1)
    categories = [run["automationDetails"]["id"].rpartition("/")[0] for run in found]
    assert len(set(categories)) == len(categories)
    listed = [result for run in found for result in run["results"]]
    if listed:
        assert len(gzip.compress(content)) <= compressed
    left = sum(count for run in found for count in run["properties"]["notListed"].values())
    assert len(listed) + left == sum(ids(audit, OPEN).values())
    notes = [note for run in found for note in run["invocations"][0]["toolExecutionNotifications"]]
    assert any(note["descriptor"]["id"] == "NOT-LISTED" for note in notes) == bool(left)
    for policy in ("one", "two"):
        own = [each for each in listed if each["properties"]["policy"] == policy]
        _is_the_worst(audit, policy, own)


def _is_the_worst(audit: Audit, policy: str, results: list[dict[str, Any]]) -> None:
    """The results are the first of the policy's findings, the worst first."""
    order = [Verdict.VIOLATED.value, Verdict.UNDETERMINED.value]
    told = [
        (order.index(each["properties"]["verdict"]), Severity(each["properties"]["severity"]).rank)
        for each in results
    ]
    rows = audit.findings[audit.findings["policy"].eq(policy) & audit.findings["status"].isin(list(OPEN))]
    ranked = sorted(
        (order.index(verdict), Severity(severity).rank)
        for verdict, severity in zip(rows["verdict"], rows["severity"], strict=True)
    )
    assert told == ranked[: len(told)]


def test_a_file_that_would_be_too_large_has_the_worst_results_alone() -> None:
    audit = audit_with(["fail", "unknown"])
    size = len(gzip.compress(written(sarif.files(audit))["report.sarif"]))
    whole = sum(ids(audit, OPEN).values())
    for compressed in (size - 1_000, size * 3 // 4):
        limits = Limits(compressed=compressed, batch=4)
        content = written(sarif.files(audit, limits=limits))["report.sarif"]
        assert len(gzip.compress(content)) <= compressed
        runs = json.loads(content)["runs"]
        count = sum(len(run["results"]) for run in runs)
        assert count < whole
        assert count + sum(sum(run["properties"]["notListed"].values()) for run in runs) == whole


def test_of_more_policies_than_runs_the_violated_ones_have_a_run() -> None:
    audit = audit_with(["fail", "unknown"])
    calm = replace(audit.verdicts[0], policy="calm", verdict=Verdict.COMPLIANT)
    many = replace(audit, verdicts=(calm, *audit.verdicts))
    runs = json.loads(written(sarif.files(many, limits=Limits(runs=2)))["report.sarif"])["runs"]
    assert [run["properties"]["policy"] for run in runs] == ["one", "two"]


@LAWS
@given(MIXES)
def test_the_summary_counts_violations_first_and_then_unknown_by_cause(statuses: list[str]) -> None:
    audit = audit_with(statuses)
    text = texts(audit, "markdown")["summary.md"].decode()
    verdicts = audit.findings["verdict"].value_counts()
    for title, verdict in (("Violated", Verdict.VIOLATED), ("Unknown, by cause", Verdict.UNDETERMINED)):
        count = int(verdicts.get(verdict.value, 0))
        assert (f"## {title} ({count:,})" in text) == bool(count)
    causes = text.partition("## Unknown, by cause")[2].partition("\n## ")[0]
    counts = [line.split(" | ")[2] for line in causes.splitlines() if line.startswith("| ")][2:]
    assert "more findings are left out" not in causes
    assert sum(int(each.replace(",", "")) for each in counts) == int(verdicts.get("undetermined", 0))
    if "## Violated" in text and causes:
        assert text.index("## Violated") < text.index("## Unknown")


def test_equal_audits_give_equal_bytes_in_every_format_and_every_report_has_all_findings() -> None:
    chosen = Selection(statuses=frozenset({"fail", "pass"}))
    one, other = (
        written(rendered(audit_with(["fail", "pass", "unknown"], chosen), ["sarif", "csv", "xlsx", "ocsf"]))
        for _ in range(2)
    )
    assert one == other
    assert "findings.parquet" in written(rendered(audit_with(["pass"]), ["junit"]))


def test_the_parquet_file_has_no_statistics() -> None:
    content = written(csv_report.all_findings(audit_with(["pass"])))["findings.parquet"]
    group = pq.ParquetFile(io.BytesIO(content)).metadata.row_group(0)
    assert not any(group.column(number).is_stats_set for number in range(group.num_columns))


def test_a_word_that_is_no_status_is_refused_with_the_known_ones() -> None:
    assert selection(["fail, Unknown", "error"], None).statuses == frozenset({"fail", "unknown", "error"})
    assert selection(None, None) == Selection()
    with pytest.raises(ReportError, match=r"--statuses: there is no status 'failed'\. Did you mean fail"):
        selection(["failed"], None)
    with pytest.raises(ReportError, match="--include: there is no status ''"):
        selection(None, [""])
