"""What a scan does after its report: metrics, and a command if something changed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from checks.drift.comparison import drift
from scanner.after.on_change import change_in
from scanner.emulator.server import Emulator
from tests.support.command_line import COMPLIANT, MIXED, run, served
from tests.support.drift_snapshots import host, snapshot, workspace

SAVES = "import os, sys; open(sys.argv[1], 'w').write(sys.stdin.read() + '\\n' + repr(dict(os.environ)))"


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a tenant in which nothing is violated."""
    folder = tmp_path_factory.mktemp("baseline")
    with served(COMPLIANT, folder) as (_, options, environment):
        assert run("scan", *options, "-q", "-o", str(folder / "r"), *POLICY, env=environment)[0] == 0
    return folder / "r"


POLICY = ("-p", "internet-outbound")


def scanned(tenant: object, folder: Path, *arguments: str) -> tuple[int, str, str]:
    with served(tenant, folder) as (_, options, environment):  # type: ignore[arg-type]
        return run("scan", *options, "-q", "-o", str(folder / "r"), *POLICY, *arguments, env=environment)


def test_a_change_is_json_on_stdin_and_in_the_environment(baseline: Path, tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    command = f'{sys.executable} -c "{SAVES}" {saved}'
    code, _, err = scanned(MIXED, tmp_path, "--baseline", str(baseline), "--on-change", command)
    assert (code, err) == (1, "")
    text, _, environment = saved.read_text().rpartition("\n")
    change = json.loads(text)
    assert change["opened"]
    assert {row["new_status"] for row in change["opened"]} == {"fail"}
    assert change["result"]["exit_code"] == 1
    found = eval(environment)
    assert found["AZML_AUDIT_OPENED"] == str(len(change["opened"]))
    assert found["AZML_AUDIT_OPENINGS"] == str(len(change["openings"]))
    assert found["AZML_AUDIT_EXIT_CODE"] == "1"


def test_an_opening_is_a_change_although_every_check_passes() -> None:
    old, new = (
        snapshot(workspaces=[workspace(rules=1)], outbound_rules=[host(name)])
        for name in ("a.example.com", "*.example.com")
    )
    change = change_in(drift(old, new), {})
    assert change is not None
    assert [row["destination"] for row in change["openings"]] == ["*.example.com"]
    assert change_in(drift(new, old), {}) is None


def test_nothing_runs_where_nothing_changed(baseline: Path, tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    command = f'{sys.executable} -c "{SAVES}" {saved}'
    assert scanned(COMPLIANT, tmp_path, "--baseline", str(baseline), "--on-change", command)[0] == 0
    assert not saved.exists()


def test_a_command_that_fails_is_logged_and_changes_no_exit_code(baseline: Path, tmp_path: Path) -> None:
    command = f"{sys.executable} -c \"import sys; sys.exit('no webhook')\""
    code, _, err = scanned(MIXED, tmp_path, "--baseline", str(baseline), "--on-change", command)
    assert code == 1
    assert "no webhook" in " ".join(err.split())


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--on-change", "no-such-program"], "there is no program"),
        (["--on-change", "'"], "No closing quotation"),
        (["--on-change", "true"], "add --baseline OLD"),
        (["--metrics", "/no/such/folder/file"], "no place for a file"),
    ],
)
def test_what_cannot_be_done_later_is_said_before_the_scan(
    arguments: list[str], problem: str, tmp_path: Path
) -> None:
    with served(COMPLIANT, tmp_path) as (emulator, options, environment):
        code, _, err = run("scan", *options, "-o", str(tmp_path / "r"), *arguments, env=environment)
        assert asked(emulator) == []
    assert code == 2
    assert problem in err


def asked(emulator: Emulator) -> list[str]:
    return [request.path for request in emulator.requests if request.path.startswith("/subscriptions")]


def test_metrics_are_prometheus_text(tmp_path: Path) -> None:
    from prometheus_client.parser import text_string_to_metric_families

    file = tmp_path / "azml.prom"
    assert scanned(MIXED, tmp_path, "--metrics", str(file))[0] == 1
    samples = {
        (sample.name, sample.labels.get("severity")): sample.value
        for family in text_string_to_metric_families(file.read_text())
        for sample in family.samples
    }
    assert samples["azml_audit_violations", "high"] > 0
    assert samples["azml_audit_exit_code", None] == 1
    assert samples["azml_audit_subscriptions_read", None] == 2
    assert samples["azml_audit_is_azure", None] == 0
    assert samples["azml_audit_last_success_timestamp_seconds", None] > 1e9
