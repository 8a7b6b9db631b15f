"""`scan --from` as its users run it: reports that name the export, exit codes, options it refuses."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from scanner.cli.main import app
from tests.support.exports import written

WS = (
    "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/rg-one/providers/"
    "Microsoft.MachineLearningServices/workspaces/mlw-one"
)
SAFE = {
    "id": WS,
    "name": "mlw-one",
    "public_network_access": "Disabled",
    "managed_network": {"isolation_mode": "allow_internet_outbound"},
}


def scan(folder: Path, files: dict[str, Any], *options: str) -> tuple[int, str, str]:
    arguments = ["scan", "--from", str(written(folder / "in", files)), "-o", str(folder / "out"), *options]
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})
    return result.exit_code, result.stdout, result.stderr


def test_the_reports_name_the_export_its_format_and_its_files(tmp_path: Path) -> None:
    code, out, _ = scan(tmp_path, {"list.json": [SAFE]}, "--policy", "internet-outbound")
    assert code == 3, "satisfied, but nobody knows whether these are all workspaces"
    page = (tmp_path / "out" / "report.html").read_text()
    assert "not compared with Azure (az ml workspace list: list.json)" in page
    assert "emulator" not in re.sub(r"(?s)<style.*?</style>|<script.*?</script>", "", page).lower()
    with (tmp_path / "out" / "gaps.csv").open() as gaps:
        messages = [row["message"] for row in csv.DictReader(gaps)]
    assert any(
        message.startswith("az ml workspace list does not show whether the subscription has other")
        for message in messages
    )
    assert "1 workspace and" in out


def test_a_violation_is_one(tmp_path: Path) -> None:
    files = {"list.json": [SAFE | {"public_network_access": "Enabled"}]}
    assert scan(tmp_path, files, "--policy", "internet-outbound")[0] == 1


@pytest.mark.parametrize(
    "options", [("--auth", "cli"), ("--collect", "policy"), ("--cloud", "AzureCloud"), ("-s", "prod")]
)
def test_an_option_that_only_asks_azure_is_refused(options: tuple[str, str], tmp_path: Path) -> None:
    code, _, err = scan(tmp_path, {"list.json": [SAFE]}, *options)
    assert code == 2
    name = {"-s": "--subscription"}.get(options[0], options[0])
    assert f"azml-audit: {name}: not allowed with --from" in err
    assert not (tmp_path / "out").exists()


def test_certificates_are_of_use_where_a_timestamp_is_asked_for(tmp_path: Path) -> None:
    options = ("--ca-bundle", str(tmp_path / "absent.pem"))
    timestamp = ("--evidence", str(tmp_path / "e.zip"), "--timestamp", "https://127.0.0.1:9")
    assert "--ca-bundle: not allowed" in scan(tmp_path, {"list.json": [SAFE]}, *options)[2]
    assert "not allowed" not in scan(tmp_path, {"list.json": [SAFE]}, *options, *timestamp)[2]


def test_an_identity_is_of_use_where_a_container_keeps_the_run(tmp_path: Path) -> None:
    sign_in = ("--auth", "environment")
    container = ("--archive", "https://evil.example/audits")
    assert "--auth: not allowed" in scan(tmp_path, {"list.json": [SAFE]}, *sign_in)[2]
    err = scan(tmp_path, {"list.json": [SAFE]}, *sign_in, *container)[2]
    assert "not allowed" not in err
    assert "is no archive" in err


def test_what_is_no_export_ends_the_run_before_any_report(tmp_path: Path) -> None:
    code, out, err = scan(tmp_path, {"list.json": b"PK\x03\x04"})
    assert (code, out) == (2, "")
    assert err.startswith("azml-audit: list.json is not an export: it is not JSON")
    assert not (tmp_path / "out").exists()


def test_every_option_asks_azure_or_is_of_use_without_it() -> None:
    from typer.main import get_command

    from scanner.cli.start import LIVE_ONLY

    command = get_command(app).commands["scan"]  # type: ignore[attr-defined]
    offline = {"policy", "output", "formats", "from_", "evidence", "sign", "timestamp", "fail_on", "baseline"}
    offline |= {"fail_on_regression", "quiet", "log_level", "log_format"}
    offline |= {"archive", "result", "metrics", "on_change", "statuses", "include"}
    assert {parameter.name for parameter in command.params} == LIVE_ONLY | offline | {
        "as_json"
    }  # without --plan it is an error


def test_evidence_of_an_export_verifies_and_replays(tmp_path: Path) -> None:
    bundle = str(tmp_path / "evidence.zip")
    assert (
        scan(tmp_path, {"list.json": [SAFE], "mlw-one.outbound-rules.json": []}, "--evidence", bundle)[0] == 3
    )
    verified = CliRunner().invoke(app, ["verify", bundle])
    assert verified.exit_code == 0, verified.output
    again = CliRunner().invoke(app, ["scan", "--from", bundle, "-o", str(tmp_path / "again")])
    assert again.exit_code == 3
    first, second = (tmp_path / name / "findings.csv" for name in ("out", "again"))
    assert first.read_bytes() == second.read_bytes()
