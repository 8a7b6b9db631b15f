"""Two audits of the demo tenant compared as users do, over real HTTP; and what is no audit at all."""

from __future__ import annotations

import copy
import json
import re
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from checks.drift.comparison import drift
from reports.tables.columns import FINDINGS, GAPS
from reports.tables.csv_text import as_csv
from reports.writing.lines import harmless
from scanner.cli.main import app
from scanner.commands.demo import emulator_connection
from scanner.commands.job import Job
from scanner.commands.scan import scan
from scanner.emulator.demo.places import RESEARCH_ID
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.server import emulated
from scanner.emulator.tenants.tenant import Document, Resource, Tenant
from scanner.errors import EvidenceError, SnapshotError
from scanner.snapshots import _parsed, snapshot
from scanner.terminal import Terminal

FAULT = Fault(kind=FaultKind.STATUS, status=403, route="workspaces", subscription=RESEARCH_ID)


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "220"})
    return result.exit_code, result.stdout, result.stderr


def audited(tenant: Tenant, folder: Path, *faults: Fault, day: int = 1, **job: object) -> int:
    start = datetime(2026, 11, day, 9, tzinfo=UTC)
    ticks = iter(start + timedelta(minutes=minute) for minute in range(1000))
    wanted = Job(output=folder, policies=("baseline",), quiet=True, **job)  # type: ignore[arg-type]
    with emulated(tenant, faults=faults) as emulator:
        return scan(wanted, lambda: emulator_connection(emulator), Terminal(), clock=lambda: next(ticks))


def mutated(tenant: Tenant, change: Callable[[str, Document], None], *, without: str = "") -> Tenant:
    changed: list[Resource] = []
    for resource in tenant.resources:
        body = copy.deepcopy(resource.body)
        change(str(body["name"]), body)
        if body["name"] != without:
            changed.append(replace(resource, body=body))
    return replace(tenant, resources=tuple(changed))


def worse(name: str, body: Document) -> None:
    if name == "mlw-fraud-prod" and "managedNetwork" in body["properties"]:
        body["properties"]["publicNetworkAccess"] = "Enabled"
        body["properties"]["managedNetwork"]["outboundRules"]["old-index"] |= {
            "destination": "*.pypi.org",
            "status": "Active",
        }


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the report `old`, and `new` of a tenant that is worse, smaller and partly unreadable."""
    folder = tmp_path_factory.mktemp("reports")
    tenant = demo_tenant()
    audited(tenant, folder / "old", *tenant.default_faults, evidence=folder / "old.zip", formats=("csv",))
    other = mutated(tenant, worse, without="mlw-forecast-prod")
    code = audited(
        other, folder / "new", *tenant.default_faults, FAULT, day=2, baseline=folder / "old",
        fail_on_regression=True, formats=("html,csv,json",),
    )  # fmt: skip
    assert code == 1
    return folder


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    frame = pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False)
    return [{str(key): str(value) for key, value in row.items()} for row in frame.to_dict("records")]


def test_the_drift_of_a_changed_tenant_lies_in_its_report(reports: Path) -> None:
    workspaces = {row["change"] for row in rows(reports / "new", "drift_workspaces")}
    assert workspaces == {"gone", "changed", "not read now"}
    (gone,) = [row for row in rows(reports / "new", "drift_workspaces") if row["change"] == "gone"]
    assert gone["workspace"] == "mlw-forecast-prod"
    changed = [row for row in rows(reports / "new", "drift_rules") if row["rule"] == "old-index"]
    assert [row["change"] for row in changed] == ["target changed", "status changed"]
    assert {(row["old"], row["new"]) for row in changed} == {("pypi.org", "*.pypi.org")}
    assert [row["destination"] for row in rows(reports / "new", "drift_reach")] == ["*.pypi.org"]
    findings = rows(reports / "new", "drift_findings")
    assert {row["check_id"] for row in findings if row["change"] == "regressed"} >= {"NET001", "NET002"}
    assert "fixed" not in {row["change"] for row in findings if RESEARCH_ID in row["workspace_id"]}
    page = (reports / "new" / "report.html").read_text("utf-8")
    assert 'id="drift"' in page
    assert "that the older audit does not have" in page


def test_diff_tells_what_scan_told(reports: Path, tmp_path: Path) -> None:
    code, told, _ = run("diff", str(reports / "old"), str(reports / "new"), "-o", str(tmp_path / "drift"))
    assert code == 0
    for name in (
        "drift_workspaces.csv",
        "drift_findings.csv",
        "drift_rules.csv",
        "drift_reach.csv",
        "drift_waivers.csv",
    ):
        assert (tmp_path / "drift" / name).read_bytes() == _named(
            (reports / "new" / name).read_bytes(), reports
        )
    count = "2 violations and 1 opening that the older audit does not have."
    assert count in told, "NET002 follows from NET001, and *.pypi.org holds upload.pypi.org"
    assert re.search(r"^regressed +high +NET001 +mlw-fraud-prod +pass → fail", told, re.MULTILINE)
    assert re.search(r"^Note: .* did not read .* counts as gone or fixed", told, re.MULTILINE)


def _named(content: bytes, reports: Path) -> bytes:
    """What scan calls `this audit`, called by its path as diff does."""
    return content.replace(b"this audit", str(reports / "new").encode())


def test_its_json_is_as_the_published_schema_says(reports: Path) -> None:
    code, schema, _ = run("schema", "drift")
    assert code == 0
    Draft202012Validator.check_schema(json.loads(schema))
    document = json.loads((reports / "new" / "drift.json").read_text("utf-8"))
    Draft202012Validator(json.loads(schema)).validate(document)
    assert document["summary"]["regressions"] == sum(row["is_regression"] for row in document["findings"]) > 0
    assert document["old"]["is_azure"] is False


def test_exit_codes_are_about_regressions_only_where_asked(reports: Path) -> None:
    old, new = str(reports / "old"), str(reports / "new")
    assert run("diff", old, new)[0] == 0
    code, told, _ = run("diff", old, new, "--fail-on-regression")
    assert (code, told.splitlines()[-1]) == (
        1,
        "Exit code 1: there are violations and openings that the older audit does not have.",
    )
    assert run("diff", old, old, "--fail-on-regression", "--quiet") == (0, "", "")


def test_what_is_not_known_any_more_is_code_3(reports: Path, tmp_path: Path) -> None:
    tenant = demo_tenant()
    ended = audited(
        tenant,
        tmp_path / "less",
        *tenant.default_faults,
        FAULT,
        baseline=reports / "old",
        fail_on_regression=True,
        formats=("csv",),
    )
    assert ended == 3


def test_a_bundle_of_evidence_tells_what_the_report_beside_it_tells(reports: Path, tmp_path: Path) -> None:
    assert drift(snapshot(reports / "old"), snapshot(reports / "old.zip")).is_empty
    with zipfile.ZipFile(reports / "old.zip") as bundle:
        bundle.extractall(tmp_path)
    assert drift(snapshot(tmp_path), snapshot(reports / "old.zip")).is_empty


def test_an_altered_bundle_is_no_baseline(reports: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(reports / "old.zip") as bundle:
        bundle.extractall(tmp_path)
    findings = (tmp_path / "findings.csv").read_text(encoding="utf-8")
    (tmp_path / "findings.csv").write_text(findings.replace(",pass,", ",fail,", 1), encoding="utf-8")
    with pytest.raises(EvidenceError, match=r"findings\.csv is altered"):
        snapshot(tmp_path)


def test_a_baseline_may_be_the_report_that_the_new_one_replaces(reports: Path, tmp_path: Path) -> None:
    report = tmp_path / "report"
    shutil.copytree(reports / "new", report)
    tenant = demo_tenant()
    audited(tenant, report, *tenant.default_faults, baseline=report, formats=("csv",))
    changes = [row["change"] for row in rows(report, "drift_workspaces")]
    assert changes.count("appeared") == 1
    assert "read again" in changes


def test_two_comparisons_give_the_same_bytes(reports: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        run("diff", str(reports / "new"), str(reports / "old"), "-o", str(tmp_path / name), "-q")
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert {"drift.html", "drift.json", "drift_reach.csv"} < set(files)
    assert all(
        (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in files
    )


def test_only_the_formats_asked_for_are_written(reports: Path, tmp_path: Path) -> None:
    old = str(reports / "old")
    run("diff", old, old, "-o", str(tmp_path / "drift"), "--format", "json", "-q")
    assert {path.name for path in (tmp_path / "drift").iterdir()} == {"drift.json", ".azml-audit-files"}
    code, _, told = run("diff", old, old, "--format", "json")
    assert (code, told) == (2, "azml-audit: --format needs a folder to write to: add --output DIR.\n")
    code, _, told = run("diff", old, old, "-o", str(tmp_path / "x"), "--format", "sarif")
    assert (code, told) == (2, "azml-audit: There is no format 'sarif'. Formats: html, csv, json.\n")


def test_scan_refuses_to_fail_on_regression_without_a_baseline() -> None:
    code, _, told = run("scan", "--fail-on-regression")
    assert code == 2
    assert "add --baseline OLD" in told


def spoilt(reports: Path, folder: Path, name: str, change: Callable[[str], str]) -> Path:
    for file in (reports / "old").glob("*.csv"):
        text = file.read_text("utf-8")
        (folder / file.name).write_text(change(text) if file.stem == name else text, "utf-8")
    return folder


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("gaps", lambda text: text.replace("asked", "question", 1), "gaps.csv has no column asked"),
        (
            "subscriptions",
            lambda text: text.replace(",true,", ",perhaps,", 1),
            "row 1: read is 'perhaps', not true or false",
        ),
        ("findings", lambda text: text + '"' * 3 + "a", "findings.csv is not a CSV file of a report"),
        ("workspaces", lambda _: "", "workspaces.csv is not a CSV file of a report"),
    ],
)
def test_files_that_are_not_as_their_schema_says_are_named(
    reports: Path, tmp_path: Path, name: str, change: Callable[[str], str], told: str
) -> None:
    with pytest.raises(SnapshotError, match=told):
        snapshot(spoilt(reports, tmp_path, name, change))


def test_what_is_no_report_is_refused_with_what_to_name_instead(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.zip").write_text("not a zip file")
    with zipfile.ZipFile(tmp_path / "strange.zip", "w") as archive:
        archive.writestr("../findings.csv", "check_id")
    for name, word in (
        ("absent", "no such file"),
        ("empty", "no findings.csv"),
        ("text.zip", "neither a folder nor a zip file"),
        ("strange.zip", "../findings.csv"),
    ):
        code, out, err = run("diff", str(tmp_path / name), str(tmp_path))
        assert (code, out) == (2, "")
        assert word in err


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT, st.none() | st.integers(100, 599)), max_size=4, unique=True))
def test_every_text_comes_back_as_one_harmless_line(
    told: list[tuple[str, str, int | None]],
) -> None:
    names = [column.name for column in GAPS.columns]
    frame = pd.DataFrame({name: pd.array([pd.NA] * len(told), dtype="string") for name in names}).assign(
        gap_id=pd.array([f"{number:03}" for number in range(len(told))], dtype="string"),
        subscription_id=pd.array([f"{number:03}" for number in range(len(told))], dtype="string"),
        code=pd.array([code for code, _, _ in told], dtype="string"),
        message=pd.array([message for _, message, _ in told], dtype="string"),
        http_status=pd.array([status for _, _, status in told], dtype="Int64"),
    )
    read = _parsed("gaps.csv", b"".join(as_csv(frame, GAPS)), GAPS)
    for name in ("code", "message"):
        assert read[name].fillna("").tolist() == [harmless(text) for text in frame[name]]
    assert read["http_status"].equals(frame["http_status"])


def test_the_findings_of_a_bundle_may_have_columns_of_their_own() -> None:
    header = ",".join([*(column.name for column in FINDINGS.columns), "evidence"])
    assert list(_parsed("findings.csv", f"{header}\n".encode(), FINDINGS).columns) == header.split(",")[:-1]
