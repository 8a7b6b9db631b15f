"""Evidence as its users make, verify and replay it: output, files and exit codes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from scanner.commands.evidence import without_secrets
from scanner.emulator.tenants.generated import generated_tenant
from tests.support.command_line import MIXED, run, scanned
from tests.support.exports import az_ml_files, written
from tests.support.places import ROOT
from tests.support.scanning import scan_of

ROOT_DIGEST = re.compile(r"Root digest: ([0-9a-f]{64})")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a scan's report and bundle, and the bundle's root digest."""
    folder = tmp_path_factory.mktemp("made")
    extra = ("--evidence", str(folder / "evidence.zip"))
    code, out, _ = scanned(MIXED, folder, extra=extra)
    found = ROOT_DIGEST.search(out)
    assert code == 1
    assert found
    return folder, found.group(1)


def test_the_root_digest_is_printed_and_stands_in_the_page_and_verify_agrees(made: tuple[Path, str]) -> None:
    folder, root = made
    assert root in (folder / "report" / "report.html").read_text()
    code, out, _ = run("verify", str(folder / "evidence.zip"), "--root", root)
    assert (code, "Verified" in out, root in out) == (0, True, True)
    code, out, _ = run("verify", str(folder / "evidence.zip"), "--root", "0" * 64)
    assert (code, "failed (1 problem)" in out) == (1, True)


def test_verify_tells_programs_in_json(made: tuple[Path, str]) -> None:
    folder, root = made
    code, out, _ = run("verify", str(folder / "evidence.zip"), "--format", "json")
    told = json.loads(out)
    assert (code, told["holds"], told["root"]) == (0, True, root)
    assert [step["name"] for step in told["steps"]] == [
        *("files", "signature", "timestamp", "answers", "agreement", "expectations", "derivation")
    ]
    assert (told["level"], told["is_as_expected"]) == ("consistent", False)
    assert told["conclusion"] == "consistent (it agrees with itself, and nobody vouches for it)"


def test_an_altered_bundle_is_exit_1_and_no_bundle_is_exit_2(made: tuple[Path, str], tmp_path: Path) -> None:
    content = (made[0] / "evidence.zip").read_bytes()
    (tmp_path / "altered.zip").write_bytes(content[:500] + b"X" + content[501:])
    assert run("verify", str(tmp_path / "altered.zip"))[0] == 1
    assert run("verify", str(tmp_path / "absent.zip"))[0] == 2
    code, _, told = run("report", str(tmp_path / "altered.zip"), "--output", str(tmp_path / "report"))
    assert (code, "altered" in told, (tmp_path / "report").exists()) == (2, True, False)


def test_evidence_is_never_overwritten(made: tuple[Path, str], tmp_path: Path) -> None:
    kept = shutil.copy(made[0] / "evidence.zip", tmp_path / "kept.zip")
    code, _, told = run("demo", "--evidence", str(kept), "--output", str(tmp_path / "report"))
    assert (code, "never overwritten" in told, (tmp_path / "report").exists()) == (2, True, False)
    assert Path(kept).read_bytes() == (made[0] / "evidence.zip").read_bytes()


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        ("report/evidence.zip", "lie in one another"),
        ("report", "lie in one another"),
        ("file/evidence.zip", "A part of the path is a file"),
    ],
)
def test_evidence_that_could_not_be_kept_is_refused_before_a_scan(
    evidence: str, words: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("a file")
    arguments = ("--evidence", str(tmp_path / evidence), "--output", str(tmp_path / "report"))
    code, _, told = run("demo", *arguments)
    assert (code, words in " ".join(told.split()), (tmp_path / "report").exists()) == (2, True, False)


def test_a_report_of_the_bundle_has_the_findings_of_the_scan_to_the_byte(
    made: tuple[Path, str], tmp_path: Path
) -> None:
    folder, root = made
    code, out, _ = run("report", str(folder / "evidence.zip"), "--output", str(tmp_path / "again"))
    assert (code, "nothing was scanned" in out) == (0, True)
    live = {path.name: path.read_bytes() for path in (folder / "report").glob("*.csv")}
    again = {path.name: path.read_bytes() for path in (tmp_path / "again").glob("*.csv")}
    assert [name for name in live if live[name] != again[name]] == ["policies.csv"]
    page = (tmp_path / "again" / "report.html").read_text()
    assert f"a replay of evidence (root digest {root})" in page


def test_another_policy_judges_yesterday_s_evidence_and_seals_its_own(
    made: tuple[Path, str], tmp_path: Path
) -> None:
    folder, root = made
    code, out, _ = run(
        *("scan", "--from", str(folder / "evidence.zip"), "--policy", "baseline", "--format", "csv,json"),
        *("--output", str(tmp_path / "report"), "--evidence", str(tmp_path / "second")),
    )
    assert code == 1
    told = json.loads((tmp_path / "second" / "statement.json").read_text())
    first = json.loads(zipfile.ZipFile(folder / "evidence.zip").read("statement.json"))
    assert told["told"]["replay_of"] == root
    assert told["told"]["started_at"] == first["told"]["started_at"]
    assert told["told"]["asked_by"] == first["told"]["asked_by"]
    assert told["derived"]["payloads"] == first["derived"]["payloads"]
    assert "unknown" in out
    assert run("verify", str(tmp_path / "second"))[0] == 0


def test_a_finding_is_traced_to_what_azure_answered(made: tuple[Path, str]) -> None:
    bundle = str(made[0] / "evidence.zip")
    code, out, _ = run("trace", bundle, "net006", "/workspaces/")
    assert code == 0
    for words in (
        "NET006 fail, violated under internet-outbound",
        "answered 200",
        '"publicNetworkAccess":',
        "more",
    ):
        assert words in out, words
    code, _, told = run("trace", bundle, "NET006", "nowhere")
    assert (code, "no finding of NET006" in told) == (2, True)


@pytest.mark.skipif(not shutil.which("jq"), reason="needs jq, as docs/evidence.md uses it")
def test_the_documented_way_to_the_bytes_without_this_tool(made: tuple[Path, str], tmp_path: Path) -> None:
    page = (ROOT / "docs" / "evidence.md").read_text(encoding="utf-8")
    line = next(each for each in page.splitlines() if "| fromjson" in each)
    with zipfile.ZipFile(made[0] / "evidence.zip") as bundle:
        bundle.extractall(tmp_path / "e")
    findings = pd.read_csv(tmp_path / "e" / "findings.csv", keep_default_na=False)
    finding = findings[findings["check_id"].eq("NET006")].iloc[0]
    identity, _, pointer = finding["evidence"].split(" ")[0].partition("#")
    place = "".join(f"[{step}]" if step.isdigit() else f".{step}" for step in pointer.split("/")[1:])
    command = line.partition("; ")[2].replace("d365b0388ecd2203", identity).replace(".value[3]", place)
    told = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, check=True)
    assert json.loads(told.stdout)["id"] == finding["resource_id"]


def test_who_asked_is_told_and_never_the_token(made: tuple[Path, str]) -> None:
    told = json.loads(zipfile.ZipFile(made[0] / "evidence.zip").read("statement.json"))["told"]
    assert told["asked_by"]["tenant_id"] == MIXED.tenant_id
    assert told["asked_by"]["identity_type"] == "service principal"
    assert told["asked_for"]["kinds"] == []


def test_the_schema_of_the_statement_is_published() -> None:
    code, out, _ = run("schema", "evidence")
    assert (code, json.loads(out)["$id"]) == (0, "urn:azml-audit:evidence-statement:2.1")


def test_the_command_line_is_told_without_secrets() -> None:
    command = [
        "scan",
        "--client-secret",
        "s3cret",
        "--sas-token=abc",
        "--timestamp",
        "https://me:pw@tsa.example/x?k=v",
    ]
    assert without_secrets(command) == [
        *("scan", "--client-secret", "[redacted]", "--sas-token=[redacted]"),
        *("--timestamp", "https://tsa.example/x?[redacted]"),
    ]


def test_an_export_is_evidence_too(tmp_path: Path) -> None:
    tenant = generated_tenant(subscriptions=1, workspaces=2, rules=2)
    with scan_of(tenant) as (_, payloads, _):
        written(tmp_path / "exports", az_ml_files(payloads, leaks=True))
    code, *_ = run(
        *("scan", "--from", str(tmp_path / "exports"), "--policy", "internet-outbound", "--format", "csv"),
        *("--output", str(tmp_path / "report"), "--evidence", str(tmp_path / "bundle")),
    )
    assert code == 3
    code, told, _ = run("verify", str(tmp_path / "bundle"))
    assert (code, "workspaces: 2" in told) == (0, True)
    assert json.loads((tmp_path / "bundle" / "statement.json").read_bytes())["told"]["asked_by"] is None


def test_names_that_no_file_can_hold_are_sealed_and_derived_again(tmp_path: Path) -> None:
    """Lone surrogates, controls and separators of lines, where Azure lets people write."""
    strange = 'a\\ud800\\u001b[2J\\u0000\\u2028\\u0085\\r\\n\\"=cmd()'
    item = {
        "id": "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/"
        "Microsoft.MachineLearningServices/workspaces/STRANGE",
        "name": "STRANGE",
        "type": "Microsoft.MachineLearningServices/workspaces",
        "location": "STRANGE",
        "tags": {"STRANGE": "STRANGE"},
        "properties": {"managedNetwork": {"isolationMode": "STRANGE", "outboundRules": {"STRANGE": {}}}},
    }
    subscription = {
        "id": "/subscriptions/00000000-0000-0000-0000-000000000001",
        "subscriptionId": "00000000-0000-0000-0000-000000000001",
        "displayName": "STRANGE",
    }
    for name, value in (("workspaces", item), ("subscriptions", subscription)):
        text = json.dumps({"value": [value]}).replace("STRANGE", strange)
        written(tmp_path / "exports", {f"{name}.json": text.encode()})
    code, _, error = run(
        *("scan", "--from", str(tmp_path / "exports"), "--policy", "baseline", "--format", "csv"),
        *("--output", str(tmp_path / "report"), "--evidence", str(tmp_path / "bundle.zip")),
    )
    assert (code, error) == (3, "")
    code, told, _ = run("verify", str(tmp_path / "bundle.zip"))
    assert (code, "workspaces: 1" in told) == (0, True), told
    code, told, _ = run("trace", str(tmp_path / "bundle.zip"), "MVN001", "workspaces", "--whole")
    assert (code, "\\u001b[2J" in told, "\x1b" in told) == (0, True, False)
