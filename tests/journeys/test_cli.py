"""The commands as their users run them: output, files and exit codes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from checks.registry import registry
from checks.severity import Severity
from scanner.cli.main import app
from scanner.commands.demo import emulator_connection
from scanner.commands.gathering import Job
from scanner.commands.scan import scan
from scanner.emulator.credential import CLIENT_ID, CLIENT_SECRET
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.server import Emulator, emulated
from scanner.emulator.tenants.generated import generated_tenant
from scanner.emulator.tenants.tenant import Tenant
from scanner.policies import shipped
from scanner.terminal import Terminal
from tests.support.scanning import IMPATIENT, NOON

COMPLIANT = generated_tenant(subscriptions=1, workspaces=5, rules=2, seed=0)
MIXED = generated_tenant(subscriptions=2, workspaces=10, rules=2, seed=0)
FILES = {
    "findings.csv",
    "workspaces.csv",
    "outbound_rules.csv",
    "subscriptions.csv",
    "gaps.csv",
    "report.html",
}


def run(*arguments: str, env: dict[str, str] | None = None) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"} | (env or {}))
    return result.exit_code, result.stdout, result.stderr


@contextmanager
def served(
    tenant: Tenant, folder: Path, *faults: Fault
) -> Iterator[tuple[Emulator, list[str], dict[str, str]]]:
    """A running emulator over TLS, the options that reach it and the environment that signs in."""
    with emulated(tenant, faults=faults, tls=True) as emulator:
        authority = folder / "ca.pem"
        authority.write_bytes(emulator.ca_pem or b"")
        options = ["--arm-endpoint", emulator.url, "--ca-bundle", str(authority), "--auth", "environment"]
        environment = {
            "AZURE_TENANT_ID": tenant.tenant_id,
            "AZURE_CLIENT_ID": CLIENT_ID,
            "AZURE_CLIENT_SECRET": CLIENT_SECRET,
        }
        yield emulator, options, environment


def scanned(
    tenant: Tenant, folder: Path, *faults: Fault, extra: tuple[str, ...] = ()
) -> tuple[int, str, str]:
    with served(tenant, folder, *faults) as (_, options, environment):
        arguments = ["scan", *options, "--output", str(folder / "report"), "--policy", "internet-outbound"]
        return run(*arguments, *extra, env=environment)


def forbidden(tenant: Tenant) -> Fault:
    subscription = str(tenant.subscriptions[-1]["subscriptionId"])
    return Fault(kind=FaultKind.STATUS, status=403, route="workspaces", subscription=subscription)


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


def test_exit_4_before_anything_is_read_where_the_report_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with served(COMPLIANT, tmp_path) as (emulator, options, environment):
        output = str(tmp_path / "file" / "report")
        code, _, err = run("scan", *options, "-p", "internet-outbound", "-o", output, env=environment)
        assert not [request for request in emulator.requests if request.path.startswith("/subscriptions")]
    assert code == 4
    assert "could not be written" in err
    assert run("demo", "-o", output)[0] == 4
    assert (tmp_path / "file").read_text() == "in the way"


def test_the_demo_exits_0_whatever_the_verdict_and_says_what_a_scan_would_do(tmp_path: Path) -> None:
    code, out, _ = run("demo", "--output", str(tmp_path / "report"))
    assert code == 0
    assert "A scan would exit with code 1" in out
    assert "This is not Azure" in out
    assert str(tmp_path / "report" / "report.html") in out


def test_several_policies_give_a_verdict_each_from_one_collection(tmp_path: Path) -> None:
    with served(MIXED, tmp_path) as (emulator, options, environment):
        both = ["-p", "baseline", "-p", "internet-outbound"]
        code, out, _ = run("scan", *options, "--output", str(tmp_path / "r"), *both, env=environment)
        assert code == 1
        assert "baseline" in out
        assert "internet-outbound" in out
        lists = [
            r for r in emulator.requests if r.path.lower().endswith("machinelearningservices/workspaces")
        ]
        assert len(lists) == len(MIXED.subscriptions)
    findings = pd.read_csv(tmp_path / "r" / "findings.csv")
    assert set(findings["policy"]) == {"baseline", "internet-outbound"}


def test_quiet_prints_nothing_and_writes_everything(tmp_path: Path) -> None:
    code, out, err = scanned(MIXED, tmp_path, extra=("--quiet",))
    assert (code, out, err) == (1, "", "")
    assert {path.name for path in (tmp_path / "report").iterdir()} >= FILES


def test_no_colour_or_animation_where_there_is_no_terminal(tmp_path: Path) -> None:
    _, out, err = run("demo", "--output", str(tmp_path / "report"))
    assert "\x1b" not in out + err


def test_json_log_lines_can_be_parsed_and_tell_of_gaps(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scanner", "demo", "-q", "-o", str(tmp_path / "report")]
        + ["--log-format", "json", "--log-level", "info"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ""
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert {"time", "level", "logger", "message"} <= set(lines[0])
    assert any("AuthorizationFailed" in line["message"] for line in lines)


def test_a_failed_run_leaves_the_good_report_as_it_was(tmp_path: Path) -> None:
    assert scanned(COMPLIANT, tmp_path)[0] == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "report").iterdir()}
    assert scanned(COMPLIANT, tmp_path, extra=("--subscription", "nobody"))[0] == 2
    assert {path.name: path.read_bytes() for path in (tmp_path / "report").iterdir()} == before
    assert {path.name for path in tmp_path.iterdir()} == {"report", "ca.pem"}


@pytest.mark.parametrize("tenant", [demo_tenant(), MIXED], ids=lambda tenant: tenant.name)
def test_two_scans_of_one_tenant_give_the_same_bytes(tenant: Tenant, tmp_path: Path) -> None:
    written = []
    with emulated(tenant, jitter_ms=10, latency_ms=10) as emulator:
        for name in ("first", "second"):
            job = Job(
                output=tmp_path / name,
                policies=("baseline", "internet-outbound"),
                fail_on=Severity.LOW,
                patience=IMPATIENT,
                quiet=True,
            )
            scan(job, lambda: emulator_connection(emulator), Terminal(), clock=lambda: NOON)
            written.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    assert written[0].keys() == written[1].keys()
    for name, content in written[0].items():
        assert content == written[1][name], name


def test_a_large_tenant_with_holes_is_reported_whole_around_them(tmp_path: Path) -> None:
    tenant = generated_tenant(subscriptions=100, workspaces=10, rules=3, seed=11)
    ids = [str(item["subscriptionId"]) for item in tenant.subscriptions]
    hidden, broken = ids[10:40:10], ids[50:70:10]
    faults = [
        Fault(kind=FaultKind.STATUS, status=403, route="workspaces", subscription=each) for each in hidden
    ]
    faults += [Fault(kind=FaultKind.TRUNCATE, route="workspaces", subscription=each) for each in broken]
    code, out, _ = scanned(tenant, tmp_path, *faults)
    assert code == 1
    findings = pd.read_csv(tmp_path / "report" / "findings.csv")
    violated = set(findings[findings["verdict"].eq("violated")]["workspace_id"].str.lower())
    unread = tuple(f"/subscriptions/{each}/" for each in [*hidden, *broken])
    expected = {each for each in tenant.expected_violations if not each.startswith(unread)}
    assert violated == expected
    assert len(findings) == 950
    subscriptions = pd.read_csv(tmp_path / "report" / "subscriptions.csv")
    assert set(subscriptions[~subscriptions["read"]]["subscription_id"]) == {*hidden, *broken}
    assert set(pd.read_csv(tmp_path / "report" / "gaps.csv")["subscription_id"]) == {*hidden, *broken}
    page = (tmp_path / "report" / "report.html").read_text()
    assert all(each in page for each in [*hidden, *broken])
    assert "95 of 100 subscriptions read completely" in out
    assert "and 2 more" in out


def test_the_emulator_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "scanner", "emulator", "--tls-dir", str(tmp_path / "tls")]
    with subprocess.Popen([*command, "--tenant", "generated"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert "not Azure" in process.stdout.readline()
        text = "".join(process.stdout.readline() for _ in range(3))
        exports = dict(part.split("=", 1) for part in re.findall(r"AZURE_\w+=\S+", text))
        options = re.search(r"scan (--auth .*)", text)
        assert options
        code, _, err = run(
            "scan", *options.group(1).split(), "-q", "-o", str(tmp_path / "report"), env=exports
        )
        process.terminate()
        assert process.wait(timeout=20) == 0
    assert (code, err) == (1, "")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--fault", "kind=nonsense"], "nonsense"),
        (["--fault", "route=workspaces"], "kind="),
        (["--tenant", "nowhere"], "nowhere"),
    ],
)
def test_an_emulator_nobody_can_start_says_why(arguments: list[str], word: str) -> None:
    code, _, err = run("emulator", *arguments)
    assert code == 2
    assert word in err


def test_a_port_that_is_taken_is_an_error() -> None:
    with emulated(COMPLIANT) as emulator:
        code, _, err = run("emulator", "--port", emulator.url.rsplit(":", 1)[-1])
    assert code == 2
    assert "--port" in err


def test_every_check_can_be_listed_and_shown() -> None:
    code, out, _ = run("checks", "list")
    assert code == 0
    assert all(check_id in out for check_id in registry())
    for check_id, check in registry().items():
        code, out, _ = run("checks", "show", check_id.lower())
        assert code == 0
        assert check.title in out
        assert check.remediation.summary.split()[0] in out
    assert run("checks", "show", "ABC999")[0] == 2


def test_every_policy_can_be_listed_shown_and_validated(tmp_path: Path) -> None:
    code, out, _ = run("policies", "list")
    assert code == 0
    assert all(name in out for name in shipped())
    for name in shipped():
        code, text, _ = run("policies", "show", name)
        assert code == 0
        copy = tmp_path / f"{name}.yaml"
        copy.write_text(text)
        code, out, _ = run("policies", "validate", str(copy))
        assert code == 0
        assert "valid" in out


def test_one_bad_policy_among_good_ones_is_told_and_fails(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("name: bad\nchecks: {NOPE: }")
    code, out, err = run("policies", "validate", "baseline", str(tmp_path / "bad.yaml"))
    assert code == 2
    assert "baseline: valid" in out
    assert "bad.yaml" in err


def test_a_mistyped_subscription_is_an_error_with_a_suggestion(tmp_path: Path) -> None:
    name = str(MIXED.subscriptions[0]["displayName"])
    code, _, err = scanned(MIXED, tmp_path, extra=("--subscription", f"{name}x"))
    assert code == 2
    assert f"Did you mean {name}" in err


def test_an_expired_budget_for_waiting_can_be_set_from_the_command_line(tmp_path: Path) -> None:
    throttled = replace(forbidden(MIXED), status=429, retry_after=30.0)
    code, out, _ = scanned(MIXED, tmp_path, throttled, extra=("--max-wait", "1"))
    assert code == 1
    assert "--max-wait" in out


def test_the_vendor_rule_needs_one_list_per_subscription_and_nothing_else(tmp_path: Path) -> None:
    with served(MIXED, tmp_path) as (emulator, options, environment):
        arguments = [*options, "-q", "-o", str(tmp_path / "r"), "-p", "internet-outbound"]
        run("scan", *arguments, env=environment)
        asked = [request.path.lower().rsplit("/", 1)[-1] for request in emulator.requests]
        assert asked.count("workspaces") == len(MIXED.subscriptions)
        assert asked.count("resources") == 1, "one query of Resource Graph for all subscriptions"
        assert set(asked) == {"endpoints", "token", "subscriptions", "workspaces", "resources"}
        run("scan", *arguments, "--collect", "all", env=environment)
        kinds = {request.path.lower().rsplit("/", 1)[-1] for request in emulator.requests}
        assert {
            "outboundrules",
            "computes",
            "onlineendpoints",
            "batchendpoints",
            "diagnosticsettings",
        } <= kinds
