"""The commands as their users run them: output and files."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from checks.registry import registry
from checks.severity import Severity
from scanner.commands.demo import emulator_connection
from scanner.commands.job import Job
from scanner.commands.scan import scan
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.server import emulated
from scanner.emulator.tenants.generated import generated_tenant
from scanner.emulator.tenants.tenant import Tenant
from scanner.policies import shipped
from scanner.terminal import Terminal
from tests.support.command_line import COMPLIANT, MIXED, forbidden, run, scanned, served
from tests.support.scanning import IMPATIENT, NOON

FILES = {
    "findings.csv",
    "workspaces.csv",
    "outbound_rules.csv",
    "subscriptions.csv",
    "gaps.csv",
    "report.html",
}


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
    assert "95 of 100 subscriptions read" in out
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
