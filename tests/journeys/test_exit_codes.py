"""The exit code of every way in which a scan can end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from scanner.emulator.tenants.generated import generated_tenant
from tests.support.command_line import COMPLIANT, MIXED, forbidden, run, scanned, served

FILES = {
    "findings.csv",
    "workspaces.csv",
    "outbound_rules.csv",
    "subscriptions.csv",
    "gaps.csv",
    "report.html",
}


def test_exit_0_where_every_check_is_satisfied_and_nothing_unread(tmp_path: Path) -> None:
    code, out, _ = scanned(COMPLIANT, tmp_path)
    assert code == 0
    assert "compliant" in out
    assert {path.name for path in (tmp_path / "report").iterdir()} >= FILES


def test_exit_1_where_the_policy_is_violated(tmp_path: Path) -> None:
    code, out, _ = scanned(MIXED, tmp_path)
    assert code == 1
    assert "violated" in out


def test_exit_1_only_for_violations_that_reach_the_threshold(tmp_path: Path) -> None:
    assert scanned(MIXED, tmp_path, extra=("--fail-on", "high"))[0] == 1
    assert scanned(MIXED, tmp_path, extra=("--fail-on", "critical"))[0] == 0


def test_exit_2_where_nothing_was_scanned(tmp_path: Path) -> None:
    with served(MIXED, tmp_path) as (emulator, options, environment):
        for wrong in (
            ["--policy", "nowhere"],
            ["--subscription", "nobody"],
            ["--fail-on", "awful"],
            ["--no-such-option"],
            ["--tenant", "x", "--auth", "managed-identity"],
        ):
            code, _, err = run("scan", *options, "--output", str(tmp_path / "r"), *wrong, env=environment)
            assert code == 2, wrong
            assert err.strip()
        wrong_secret = environment | {"AZURE_CLIENT_SECRET": "wrong"}
        code, _, err = run("scan", *options, "--output", str(tmp_path / "r"), env=wrong_secret)
        assert code == 2
        assert "AADSTS7000215" in err
        assert not (tmp_path / "r").exists()
        assert not [r for r in emulator.requests if "/workspaces" in r.path]


def test_exit_2_for_an_output_that_is_not_ours_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("ten years")
    with served(MIXED, tmp_path) as (emulator, options, environment):
        code, _, err = run("scan", *options, "--output", str(tmp_path / "mine"), env=environment)
        assert code == 2
        assert "thesis.txt" in err
        assert emulator.requests == []
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "ten years"


def test_exit_3_where_nothing_is_violated_but_something_unread(tmp_path: Path) -> None:
    two = generated_tenant(subscriptions=2, workspaces=5, rules=2, seed=0)
    code, out, _ = scanned(two, tmp_path, forbidden(two))
    assert code == 3
    assert "undetermined" in out
    assert "AuthorizationFailed" in out


def plugin(folder: Path) -> Path:
    """An installed distribution whose one check raises."""
    (folder / "crashing.py").write_text(
        "from checks.model import Remediation, Severity, check\n"
        "@check(id='ZZZ001', title='Crashes', over='workspaces', severity=Severity.LOW, reads=(),\n"
        "       remediation=Remediation(summary='none'))\n"
        "def it_is_fine(tables, params):\n"
        "    raise RuntimeError('boom')\n"
    )
    info = folder / "crashing-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: crashing\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[azml_audit.checks]\ncrashing = crashing:it_is_fine\n")
    (folder / "policy.yaml").write_text("name: crashing\nchecks: {ZZZ: }\n")
    return folder / "policy.yaml"


def test_exit_4_where_a_check_crashes(tmp_path: Path) -> None:
    policy = plugin(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "scanner", "demo", "-p", str(policy), "-o", str(tmp_path / "report")],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert "A scan would exit with code 4" in done.stdout
    findings = pd.read_csv(tmp_path / "report" / "findings.csv")
    assert findings["status"].eq("error").all()
    assert findings["reason"].str.contains("RuntimeError: boom").all()


def test_a_scan_exits_4_where_a_check_crashes(tmp_path: Path) -> None:
    policy = plugin(tmp_path)
    with served(MIXED, tmp_path) as (_, options, environment):
        done = subprocess.run(
            [sys.executable, "-m", "scanner", "scan", *options, "-q", "-p", str(policy)]
            + ["-o", str(tmp_path / "report")],
            env=os.environ | environment | {"PYTHONPATH": str(tmp_path)},
            check=False,
        )
    assert done.returncode == 4


def test_a_plug_in_that_cannot_be_loaded_is_named_without_a_traceback(tmp_path: Path) -> None:
    plugin(tmp_path)
    (tmp_path / "crashing.py").write_text("raise RuntimeError('half installed')")
    done = subprocess.run(
        [sys.executable, "-m", "scanner", "checks", "list"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "crashing" in done.stderr
    assert "half installed" in done.stderr
    assert "Traceback" not in done.stderr


def test_exit_2_before_anything_is_read_where_the_report_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with served(COMPLIANT, tmp_path) as (emulator, options, environment):
        output = str(tmp_path / "file" / "report")
        code, _, err = run("scan", *options, "-p", "internet-outbound", "-o", output, env=environment)
        assert not [request for request in emulator.requests if request.path.startswith("/subscriptions")]
    assert code == 2
    assert "cannot be written" in err
    assert run("demo", "-o", output)[0] == 2
    assert (tmp_path / "file").read_text() == "in the way"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="the place is one of Linux")
@pytest.mark.parametrize("option", ["--output", "--evidence", "--result"])
def test_exit_2_before_anything_is_read_for_a_place_that_only_looks_writable(
    option: str, tmp_path: Path
) -> None:
    with served(COMPLIANT, tmp_path) as (emulator, options, environment):
        places = {"--output": str(tmp_path / "report"), option: "/proc/azml-audit.zip"}
        arguments = [word for pair in places.items() for word in pair]
        code, _, err = run("scan", *options, "-p", "internet-outbound", *arguments, env=environment)
        assert not [request for request in emulator.requests if request.path.startswith("/subscriptions")]
    assert code == 2
    assert "/proc/azml-audit.zip" in err
