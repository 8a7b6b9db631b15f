"""`azml-audit fix`: the ranking, the merging, the order, and a script that runs nothing unless it is asked to."""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path

import jmespath
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checks.contract.tables import Tables
from checks.drift.model import Snapshot
from checks.fixes.effects import ORDER, Reason, phase_of
from checks.fixes.reading import read
from checks.model import Check
from checks.registry import BUILT_IN, registry
from reports.literals import az_literal
from scanner.emulator.demo.tenant import demo_tenant
from scanner.plan.plan import Plan, narrowed, plan_of
from scanner.plan.recreation import mode_change_lines
from scanner.plan.script import script_of
from tests.support.command_line import run, served
from tests.support.drift_snapshots import SUBSCRIPTION, finding, id_of, snapshot, workspace
from tests.support.tables import checks as rows

WIDE = {"COLUMNS": "80"}
BELOW = {
    "computes": "/computes/{}",
    "outbound_rules": "/outboundRules/{}",
    "endpoints": "/onlineEndpoints/{}",
    "online_deployments": "/onlineEndpoints/{}/deployments/blue",
    "private_endpoint_connections": "/privateEndpointConnections/{}",
}
HOSTILE = 'a\'; touch "$PWNED" #`touch $PWNED`$(touch $PWNED)\n\\\u202e{{workspace}} $RULE_NAME'
EVERY_REASON = ("--apply-billed", "--apply-downtime", "--apply-decision", "--apply-irreversible")
ALL = ("--apply", *EVERY_REASON)


def failed(check: Check, of: str = "ws", name: str = "child", **values: object) -> dict[str, object]:
    """A violation of the check by a resource of the workspace."""
    row = dict(finding("fail", check.id, of, BELOW.get(check.over, "").format(name)))
    if check.over == "associated_resources":
        row["resource_id"] = (
            f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/M.S/storageAccounts/{name}"
        )
    return {**row, "severity": check.severity.value, **values}


def audit_of(*checks: str, of: Sequence[str] = ("ws",)) -> Snapshot:
    found = [failed(registry()[check], name) for check in checks for name in of]
    places = [workspace(name, "Disabled", location="westeurope", resource_group="rg-ML") for name in of]
    return snapshot(findings=found, workspaces=places)


def ids(plan: Plan) -> list[str]:
    return [fix.check.id for fix in plan.fixes]


def order(plan: Plan) -> list[str]:
    return [step.check.id for step in plan.steps]


def written(plan: Plan, folder: Path) -> Path:
    path = folder / "fix.sh"
    path.write_text(script_of(plan, "the audit", {}), "utf-8")
    return path


def bash(path: Path, *options: str, az: str = "exit 9", **names: str) -> subprocess.CompletedProcess[str]:
    """Run the script in its folder, with an `az` of our own that logs its words and then does this."""
    bin_ = path.parent / "bin"
    bin_.mkdir(exist_ok=True)
    fake = bin_ / "az"
    fake.write_text(f"#!/bin/bash\nprintf '%s\\0' \"$@\" $'\\n' >> \"$AZ_LOG\"\n{az}\n", "utf-8")
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    environment = {
        "PATH": f"{bin_}:{os.environ['PATH']}",
        "AZ_LOG": str(path.parent / "calls"),
        "PWNED": str(path.parent / "pwned"),
        "FOLDER": str(path.parent / "saved"),
        "LANG": "C.UTF-8",
        **names,
    }
    return subprocess.run(
        ["bash", str(path), *options],
        cwd=path.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def calls(path: Path) -> list[list[str]]:
    log = path.parent / "calls"
    if not log.exists():
        return []
    return [line.split("\0")[:-1] for line in log.read_text("utf-8").split("\n\0") if line]


def all_names(plan: Plan, value: str = "set-by-user") -> dict[str, str]:
    script = script_of(plan, "x", {})
    return dict.fromkeys(re.findall(r'^: "\$\{(\w+):=', script, re.MULTILINE), value)


# the plan


def test_fixes_are_ranked_by_severity_then_workspaces_then_by_what_can_be_undone() -> None:
    found = [
        failed(registry()["SEC001"], "a"),
        *(failed(registry()["SEC004"], name) for name in "ab"),
        failed(registry()["RES011"], "a"),
        failed(registry()["OBR005"], "b"),
    ]
    plan = plan_of(snapshot(findings=found, workspaces=[workspace("a"), workspace("b")]), None)
    assert ids(plan) == ["OBR005", "SEC004", "SEC001", "RES011"]


def test_what_two_policies_find_and_what_follows_is_removed_by_one_step() -> None:
    check = registry()["NET001"]
    found = [
        failed(check),
        failed(check, policy="other"),
        failed(
            registry()["NET002"],
            verdict="consequence",
            caused_by=f"NET001 {id_of('ws')}",
        ),
    ]
    plan = plan_of(snapshot(findings=found, workspaces=[workspace()]), None)
    (step,) = plan.steps
    assert {row["check_id"] for row in step.findings} == {"NET001", "NET002"}
    assert len(plan.findings) == 2


def test_a_project_and_its_hub_are_fixed_once() -> None:
    check = registry()["NET001"]
    places = [
        workspace("hub", kind="Hub"),
        workspace("project", kind="Project", hub_resource_id=id_of("hub")),
    ]
    plan = plan_of(
        snapshot(findings=[failed(check, "hub"), failed(check, "project")], workspaces=places), None
    )
    (step,) = plan.steps
    assert step.workspace.name == "hub"
    assert len(plan.workspaces) == 2
    (kept,) = narrowed(plan, check_id=None, workspace_key=id_of("project").lower(), top=None).steps
    assert kept is step


def test_one_compute_is_created_again_once_with_every_change() -> None:
    plan = plan_of(audit_of("CMP001", "CMP004", "CMP006", "CMP007", "CMP009"), None)
    (step,) = plan.steps
    saving = next(line for line in step.changes if "> compute.json" in line)
    bash_words = subprocess.run(
        ["bash", "-c", f'REGION=westeurope; az() {{ printf %s "${{@: -1}}"; }}; {saving.partition(" >")[0]}'],
        capture_output=True,
        text=True,
        check=True,
    )
    body = {
        "properties": {
            "computeType": "AmlCompute",
            "properties": {"vmSize": "D2", "enableNodePublicIp": True},
        }
    }
    made = jmespath.search(bash_words.stdout, body)
    assert made["properties"]["disableLocalAuth"] is True
    assert made["properties"]["computeLocation"] == "westeurope"
    assert made["properties"]["properties"] == {
        "vmSize": "D2",
        "enableNodePublicIp": False,
        "remoteLoginPortPublicAccess": "Disabled",
    }


def test_a_rule_that_goes_is_not_changed_as_well() -> None:
    plan = plan_of(audit_of("OBR005", "OBR004", "OBR007", "OBR006"), None)
    (step,) = plan.steps
    assert step.check.id in ("OBR004", "OBR006")
    assert {row["check_id"] for row in step.findings} == {"OBR004", "OBR005", "OBR006", "OBR007"}


def test_a_step_within_another_is_made_once() -> None:
    plan = plan_of(audit_of("NET001", "MVN006"), None)
    assert order(plan) == ["MVN006"]


def test_endpoints_and_dns_come_before_public_access_is_closed_and_new_rules_before_old_ones_go() -> None:
    checks = ["NET001", "OBR008", "END001", "SCN001", "RES001", "PEP001", "RES007", "MVN003"]
    plan = plan_of(audit_of(*checks), None)
    assert order(plan) == ["RES007", "PEP001", "MVN003", "SCN001", "OBR008", "END001", "RES001", "NET001"]


def test_the_order_has_each_check_once_at_most_and_a_new_one_is_among_the_other_fixes() -> None:
    placed = [check for _, checks in ORDER for check in checks]
    assert len(placed) == len(set(placed))
    assert set(placed) <= {check.id for check in BUILT_IN}
    assert ORDER[phase_of("NET999")[0]][0] == "other fixes"


IRREVERSIBLE = {
    *("NET006", "MVN001", "MVN002", "PEP003", "PEP005", "RES011", "RES014", "END003", "SEC002", "SEC003"),
    *(f"CMP00{number}" for number in range(1, 10)),
}
DEFAULT = {"MVN008", "OBR003", "RES005", "RES016", "SEC001"}


@pytest.mark.parametrize("check", BUILT_IN, ids=lambda check: check.id)
def test_only_what_can_be_undone_costs_nothing_and_stops_no_work_is_in_the_default_script(
    check: Check,
) -> None:
    plan = plan_of(audit_of(check.id), None)
    reasons = plan.fixes[0].reasons
    assert (Reason.IRREVERSIBLE in reasons) == (check.id in IRREVERSIBLE)
    assert (not reasons) == (check.id in DEFAULT)
    script = script_of(plan, "x", {})
    default = script.partition("steps that are set apart")[0]
    assert ("step_1()" in default) == (check.id in DEFAULT)


def test_the_kind_of_the_workspace_and_the_type_of_the_dependency_choose_the_text() -> None:
    places = [workspace("ws", "Disabled", kind="Project"), workspace("other", "Disabled", kind="Default")]
    found = [failed(registry()["END006"]), failed(registry()["SEC003"], "ws"), failed(registry()["RES005"])]
    by_check = {
        step.check.id: step for step in plan_of(snapshot(findings=found, workspaces=places), None).steps
    }
    assert by_check["END006"].commands == ()
    assert "Follow the fix of NET001 for its hub" in by_check["END006"].advice
    assert any("hubResourceId" in line for line in by_check["SEC003"].commands)
    assert not any("private-endpoint create" in line for line in by_check["SEC003"].commands)
    assert not any("networkRuleBypassOptions" in line for line in by_check["RES005"].commands)


def test_the_audit_chooses_between_alternatives() -> None:
    off = plan_of(audit_of("MVN005"), None).steps[0]
    on = plan_of(
        snapshot(
            findings=[failed(registry()["MVN005"])], workspaces=[workspace("ws", "AllowInternetOutbound")]
        ),
        None,
    ).steps[0]
    assert '"serverlessComputeNoPublicIP": true' in off.commands[0]
    assert '"serverlessComputeCustomSubnet": null' in on.commands[0]
    assert not off.others
    assert plan_of(audit_of("PEP002"), None).fixes[0].reasons == {Reason.DECISION}


def test_a_mode_that_no_alternative_fits_is_left_to_a_person() -> None:
    audit = snapshot(
        findings=[failed(registry()["MVN002"])], workspaces=[workspace("ws", "AllowOnlyApprovedOutbound")]
    )
    (step,) = plan_of(audit, None).steps
    assert step.reasons == {Reason.DECISION}
    assert not step.commands
    assert "Create the workspace again" in step.advice


@pytest.mark.parametrize(
    ("mode", "expected", "is_advice"),
    [
        (
            "AllowOnlyApprovedOutbound",
            "publicNetworkAccess Disabled, isolationMode AllowInternetOutbound",
            True,
        ),
        ("AllowInternetOutbound", "publicNetworkAccess Disabled, isolationMode AllowInternetOutbound", False),
        (
            "AllowOnlyApprovedOutbound",
            "isolationMode AllowInternetOutbound or AllowOnlyApprovedOutbound",
            False,
        ),
    ],
)
def test_a_stricter_mode_than_the_policy_allows_has_no_command(
    mode: str, expected: str, is_advice: bool
) -> None:
    audit = snapshot(
        findings=[failed(registry()["NET006"], expected=expected)], workspaces=[workspace("ws", mode)]
    )
    (step,) = plan_of(audit, None).steps
    assert bool(step.advice) is is_advice
    assert bool(step.commands) is not is_advice
    assert not is_advice or "create the workspace again in AllowInternetOutbound" in step.advice


@pytest.mark.parametrize(
    ("modes", "is_advice"),
    [
        ("AllowInternetOutbound", True),
        ("AllowInternetOutbound, allowonlyapprovedoutbound", False),
        (None, False),
    ],
)
def test_a_mode_that_azure_does_not_list_is_advised_to_be_created(modes: str | None, is_advice: bool) -> None:
    own = rows.workspace("ws", isolation_mode="AllowInternetOutbound", changeable_isolation_modes=modes)
    found = {
        **failed(registry()["MVN002"]),
        "workspace_id": own["workspace_id"],
        "resource_id": own["workspace_id"],
    }
    listed = {**workspace("ws", "AllowInternetOutbound"), "workspace_id": own["workspace_id"]}
    (step,) = plan_of(snapshot(findings=[found], workspaces=[listed]), Tables.of(workspaces=[own])).steps
    assert bool(step.advice) is is_advice
    assert bool(step.commands) is not is_advice


# the change of the isolation mode


def isolated_tables(modes: str | None) -> Tables:
    own = rows.workspace(
        "ws",
        isolation_mode="Disabled",
        changeable_isolation_modes=modes,
        computes_known=True,
        online_endpoints_known=True,
        online_deployments_known=True,
    )
    at = str(own["workspace_id"])
    return Tables.of(
        workspaces=[own],
        computes=[
            {"compute_id": f"{at}/computes/gpu", "workspace_id": at, "compute": "gpu", "is_attached": False},
            {"compute_id": f"{at}/computes/aks", "workspace_id": at, "compute": "aks", "is_attached": True},
        ],
        endpoints=[
            {
                "endpoint_id": f"{at}/onlineEndpoints/score",
                "workspace_id": at,
                "endpoint": "score",
                "endpoint_type": "online",
            }
        ],
        online_deployments=[
            {
                "deployment_id": f"{at}/onlineEndpoints/score/deployments/{name}",
                "workspace_id": at,
                "endpoint_id": f"{at}/onlineEndpoints/score",
                "deployment": name,
            }
            for name in ("blue", "green")
        ],
    )


def mode_change(modes: str | None, *also: str, expected: str = "AllowInternetOutbound") -> Plan:
    tables = isolated_tables(modes)
    at = str(tables.workspaces["workspace_id"].iloc[0])
    found = [
        {
            **failed(registry()[check]),
            "workspace_id": at,
            "resource_id": at + ("/computes/gpu" if check.startswith("CMP") else ""),
            "expected": expected,
        }
        for check in ("MVN001", *also)
    ]
    place = {**workspace("ws", "Disabled", resource_group="rg"), "workspace_id": at}
    return plan_of(snapshot(findings=found, workspaces=[place]), tables)


def test_a_mode_change_saves_and_deletes_isolates_provisions_adds_rules_and_creates_again() -> None:
    plan = mode_change("AllowInternetOutbound, AllowOnlyApprovedOutbound", "SCN006", "CMP006")
    assert order(plan) == ["MVN001", "SCN006", "MVN001"]
    text = "\n".join(line for step in plan.steps for line in step.changes)
    marks = [
        "must_allow AllowInternetOutbound",
        "must_be_known deployments",
        "COMPUTE=gpu",
        'deployments/"$DEPLOYMENT"',
        "compute delete",
        "online-endpoint delete",
        '"isolationMode": "AllowInternetOutbound"',
        "provision-network",
        "outbound-rule set",
        "put --url",
        "DEPLOYMENT=green",
        "traffic.json",
    ]
    places = [0]
    for mark in marks:
        places.append(text.find(mark, places[-1]))
    assert -1 not in places, marks[places.index(-1) - 1]
    assert "COMPUTE=aks" not in text
    assert "sshPublicAccess" in text
    (change,) = plan.changes
    described = " ".join(mode_change_lines(change))
    assert "Azure allows it" in described
    assert "1 compute (gpu) and 1 online endpoint (score)" in described
    assert "Attached computes stay: aks" in described
    assert "about 30 minutes" in described


def test_a_policy_that_allows_only_approved_outbound_decides_the_mode() -> None:
    plan = mode_change(None, expected="AllowOnlyApprovedOutbound")
    (change,) = plan.changes
    assert change.mode == "AllowOnlyApprovedOutbound"
    patches = [line for line in plan.steps[0].commands if '"isolationMode"' in line]
    assert len(patches) == 1
    assert "AllowOnlyApprovedOutbound" in patches[0]
    assert "does not have changeableIsolationModes" in mode_change_lines(change)[0]


def test_a_mode_that_azure_refuses_deletes_nothing() -> None:
    plan = mode_change("AllowOnlyApprovedOutbound")
    (change,) = plan.changes
    assert "Azure refuses it" in mode_change_lines(change)[0]
    assert [step.commands for step in plan.steps] == [()]


def test_a_mode_change_stops_before_it_deletes_what_the_plan_does_not_know(tmp_path: Path) -> None:
    plan = mode_change("AllowInternetOutbound")
    path = written(plan, tmp_path)
    lists = 'case "$*" in "ml compute list"*) printf "gpu\\naks\\nnew-one\\n" ;; esac'
    done = bash(path, *ALL, az=lists)
    assert done.returncode == 1
    assert "does not know new-one of the computes" in done.stderr
    assert not any("delete" in call for call in calls(path))


def test_a_mode_change_runs_to_its_end(tmp_path: Path) -> None:
    plan = mode_change("AllowInternetOutbound")
    path = written(plan, tmp_path)
    answers = (
        'case "$*" in "ml "*" list "*) ;; *changeableIsolationModes*) printf "AllowInternetOutbound\\n" ;; '
        '*"method get"*) echo \'{"computeType": "AmlCompute"}\' ;; esac'
    )
    done = bash(path, *ALL, az=answers)
    assert done.returncode == 0, done.stderr
    made = [" ".join(call) for call in calls(path)]
    deleted = next(place for place, call in enumerate(made) if call.startswith("ml online-endpoint delete"))
    isolated = next(place for place, call in enumerate(made) if "isolationMode" in call)
    again = next(
        place for place, call in enumerate(made) if "--method put" in call and "/computes/gpu " in call
    )
    assert deleted < isolated < again
    assert {path.name for path in (tmp_path / "saved" / "step-1").iterdir()} == {
        *("gpu.json", "score.json", "score-blue.json", "score-green.json", "score-traffic.json")
    }


# the script


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, Path]:
    """Every check fails for resources whose names are attacks."""
    found = [failed(check, HOSTILE, HOSTILE, severity="high") for check in BUILT_IN]
    places = [workspace(HOSTILE, "Disabled", location=HOSTILE, resource_group=HOSTILE)]
    plan = plan_of(snapshot(findings=found, workspaces=places), None)
    return plan, written(plan, tmp_path_factory.mktemp("everything"))


def test_the_dry_run_of_every_fix_calls_nothing(everything: tuple[Plan, Path]) -> None:
    plan, path = everything
    subprocess.run(["bash", "-n", str(path)], check=True)
    done = bash(path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\nStep ") == len(plan.steps)
    assert not calls(path)
    assert {each.name for each in path.parent.iterdir()} <= {"fix.sh", "bin"}


def test_every_fix_runs_with_hostile_names_as_single_words(
    everything: tuple[Plan, Path], tmp_path: Path
) -> None:
    plan, _ = everything
    path = written(plan, tmp_path)
    answer = (
        'case "$*" in *changeableIsolationModes*|"ml compute list"*|"ml online-"*" list "*|*"value[?"*) ;; '
        '*"--query status"*) echo Active ;; *) echo \'{"computeType": "AmlCompute"}\' ;; esac'
    )
    done = bash(path, *ALL, az=answer, **all_names(plan))
    assert done.returncode == 0, done.stderr[-2000:]
    assert not (tmp_path / "pwned").exists()
    words = {word for call in calls(path) for word in call}
    literal = HOSTILE.replace("\n", "\ufffd").replace("\u202e", "\ufffd")
    assert literal in words
    assert len(calls(path)) > len(plan.steps)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(name=st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: "/" not in text))
def test_a_name_is_one_word_whatever_it_is(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    folder = tmp_path_factory.mktemp("name")
    audit = snapshot(
        findings=[failed(registry()["OBR003"], name)],
        workspaces=[workspace(name, "AllowOnlyApprovedOutbound", resource_group="rg")],
    )
    path = written(plan_of(audit, None), folder)
    done = bash(path, "--apply", az="exit 0", RULE_NAME_1="r", SERVICE_TAG_1="t")
    assert done.returncode == 0, done.stderr
    provision = next(call for call in calls(path) if "provision-network" in call)
    quoted = subprocess.run(
        ["bash", "-c", f"printf %s {az_literal(name)}"], capture_output=True, text=True, check=True
    )
    assert provision[provision.index("--name") + 1] == quoted.stdout
    assert len(provision) == 9


def test_a_name_that_the_user_has_to_set_stops_the_script_before_its_first_step(tmp_path: Path) -> None:
    path = written(plan_of(audit_of("SEC001", "OBR003"), None), tmp_path)
    done = bash(path, "--apply", IDENTITY_ID="i", IDENTITY_TYPE_1="t")
    assert done.returncode != 0
    assert "RULE_NAME_2: set it to a name for the new rule" in done.stderr
    assert not calls(path)
    assert "# a name for the new rule" in path.read_text("utf-8")


@pytest.mark.parametrize(
    ("options", "runs"),
    [
        (("--apply",), {"SEC001"}),
        (("--apply", "--apply-billed"), {"SEC001", "SEC004"}),
        (("--apply", "--apply-downtime"), {"SEC001", "NET005"}),
        (("--apply", "--apply-irreversible"), {"SEC001"}),
        (("--apply", "--apply-irreversible", "--apply-downtime"), {"SEC001", "NET005", "RES011"}),
        (ALL, {"SEC001", "SEC004", "NET005", "RES011"}),
        (("--apply", "--only", "1"), {"SEC001"}),
    ],
)
def test_a_step_set_apart_needs_its_option(tmp_path: Path, options: tuple[str, ...], runs: set[str]) -> None:
    plan = plan_of(audit_of("SEC001", "SEC004", "NET005", "RES011"), None)
    path = written(plan, tmp_path)
    done = bash(path, *options, az="exit 0", **all_names(plan))
    assert done.returncode == 0, done.stderr
    shown = re.split(r"\nStep \d+: ", done.stdout)[1:]
    assert {text.split()[0] for text in shown if "Not run" not in text} == runs


@pytest.mark.parametrize("options", [("--aply",), ("--apply-irreversible",), ("--only",)])
def test_a_wrong_option_runs_nothing(tmp_path: Path, options: tuple[str, ...]) -> None:
    path = written(plan_of(audit_of("SEC001"), None), tmp_path)
    done = bash(path, *options)
    assert done.returncode == 1
    assert done.stderr.startswith("Stopped: ")
    assert not calls(path)


def test_a_step_on_which_a_person_decides_runs_only_by_its_number(tmp_path: Path) -> None:
    plan = plan_of(audit_of("PEP002", of=("a", "b")), None)
    path = written(plan, tmp_path)
    done = bash(path, *ALL, az="exit 0", **all_names(plan))
    assert done.stdout.count("Not run. It needs --only") == 2
    assert not calls(path)
    named = bash(path, *ALL, "--only", "2", az="exit 0", **all_names(plan))
    assert named.returncode == 0, named.stderr
    assert len(calls(path)) == 1


def test_a_failing_command_stops_the_script(tmp_path: Path) -> None:
    path = written(plan_of(audit_of("RES005", of=("a", "b")), None), tmp_path)
    done = bash(path, "--apply", az="exit 9")
    assert done.returncode == 9
    assert len(calls(path)) == 1


def test_public_access_stays_open_without_an_approved_endpoint(tmp_path: Path) -> None:
    path = written(plan_of(audit_of("NET001"), None), tmp_path)
    done = bash(path, *ALL, az="exit 0")
    assert done.returncode == 1
    assert "the list is empty" in done.stderr
    assert not any("publicNetworkAccess" in word for call in calls(path) for word in call)


def test_an_attached_compute_is_never_deleted(tmp_path: Path) -> None:
    path = written(plan_of(audit_of("CMP004"), None), tmp_path)
    done = bash(path, *ALL, az='echo \'{"computeType": "AKS"}\'')
    assert done.returncode == 1
    assert "detach it" in done.stderr
    assert not any("delete" in call for call in calls(path))


def test_two_steps_do_not_share_a_name_or_a_file() -> None:
    script = script_of(plan_of(audit_of("OBR006", of=("a", "b")), None), "x", {})
    assert {"$HOST_1", "$HOST_2", "$RULE_NAME_1", "$RULE_NAME_2"} <= set(re.findall(r"\$[A-Z_]+\d", script))


# the command


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fix")
    bundle = folder / "evidence.zip"
    assert run("demo", "--quiet", "--output", str(folder / "report"), "--evidence", str(bundle))[0] == 0
    return folder / "report"


def test_the_list_is_80_columns_wide_and_names_the_command_for_each(report: Path) -> None:
    code, out, err = run("fix", "--from", str(report), env=WIDE)
    assert code == 0, err
    lines = [line for line in out.splitlines() if "azml-audit fix" not in line]
    assert max(map(len, lines)) <= 80
    assert out.count("azml-audit fix --check ") == 10
    assert " 1. critical OBR005" in out
    assert re.search(r"Clears \d+ findings in 3 workspaces", out)
    assert "more fixes: --top " in out


def test_a_bundle_knows_more_than_a_report(report: Path) -> None:
    of_report = run("fix", "--workspace", "mlw-sandbox-01", "--from", str(report), env=WIDE)[1]
    of_bundle = run(
        "fix", "--workspace", "mlw-sandbox-01", "--from", str(report.parent / "evidence.zip"), env=WIDE
    )[1]
    assert "does not have" in of_report
    assert "Azure allows it" in of_bundle


def test_top_check_and_workspace_narrow_the_list(report: Path) -> None:
    assert run("fix", "--top", "2", "--from", str(report))[1].count("azml-audit fix --check") == 2
    _, out, _ = run("fix", "--check", "net002", "--from", str(report))
    assert "with NET002" in out
    _, out, _ = run("fix", "--workspace", "mlw-wide-addresses", "--check", "MVN001", "--from", str(report))
    assert out.startswith("1 fix, 2 steps, 2 findings in 1 workspace.")


def test_the_script_of_the_demo_can_be_read_by_bash(report: Path, tmp_path: Path) -> None:
    path = tmp_path / "fix.sh"
    code, out, _ = run("fix", "--from", str(report), "--output", str(path))
    assert code == 0
    assert f"bash {path}" in out
    done = bash(path)
    assert done.returncode == 0, done.stderr
    assert not calls(path)
    assert run("fix", "--from", str(report), "--output", str(path))[0] == 2


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--check", "NET01"), "There is no check 'NET01'. Did you mean NET001"),
        (("--workspace", "mlw-visoin-prod"), "Did you mean mlw-vision-prod"),
        (("--output", "no/such/folder.sh"), "--output no/such/folder.sh: this is no place for a file"),
        (("--prices", "no-such.yaml"), "Could not read no-such.yaml"),
        (("--top", "0"), "'--top'"),
        (("--workspace", ""), "has no workspace ''"),
        (("--check", ""), "There is no check ''"),
        (("--from", "other.zip"), "--from is given more than once: "),
        (("--from", ""), "The path is empty"),
    ],
)
def test_a_wrong_value_is_a_usage_error(report: Path, options: tuple[str, str], problem: str) -> None:
    code, _, err = run("fix", "--from", str(report), *options)
    assert code == 2
    assert problem in err


def test_without_a_violation_no_script_is_written(report: Path, tmp_path: Path) -> None:
    path = tmp_path / "fix.sh"
    code, out, _ = run("fix", "--check", "RES009", "--from", str(report), "--output", str(path))
    assert code == 0
    assert "no violation of RES009: nothing to fix, and no script was written." in out
    assert not path.exists()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("private_endpont: 7", "Did you mean private_endpoint?"),
        ("private_endpoint: cheap", "'cheap', not a number"),
        ("private_endpoint: -1", "not a number of at least 0"),
        ("private_endpoint: .nan", "not a number of at least 0"),
        ("private_endpoint: true", "not a number of at least 0"),
        ("- 7", "has no prices"),
        ("", "has no prices"),
        ("{", "prices.yaml"),
    ],
)
def test_a_bad_file_of_prices_is_a_usage_error(
    report: Path, tmp_path: Path, content: str, problem: str
) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text(content, "utf-8")
    code, _, err = run("fix", "--prices", str(path), "--from", str(report))
    assert code == 2
    assert problem in err


def test_prices_of_the_user_are_multiplied(report: Path, tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    path.write_text('{"private_endpoint": 7.5, "firewall_standard": 900}', "utf-8")
    _, out, _ = run("fix", "--check", "PEP001", "--prices", str(path), "--from", str(report))
    (billed,) = re.findall(r"Billed: (\d+) private endpoints x 7\.50 = (\d+\.\d\d)\.", out)
    assert float(billed[1]) == int(billed[0]) * 7.5
    assert (
        f"Billed: {billed[0]} private endpoints." in run("fix", "--check", "PEP001", "--from", str(report))[1]
    )


def test_a_price_that_the_file_does_not_have_is_named(report: Path, tmp_path: Path) -> None:
    path, script = tmp_path / "prices.yaml", tmp_path / "fix.sh"
    path.write_text("firewall_basic: 290", "utf-8")
    _, out, _ = run("fix", "--check", "PEP001", "--prices", str(path), "--from", str(report))
    assert re.search(r"Billed: \d+ private endpoints \(no private_endpoint in the file of prices\)\.", out)
    code, out, _ = run(
        *("fix", "--check", "MVN002", "--prices", str(path), "--from", str(report), "--output", str(script))
    )
    assert code == 0
    for text in (" ".join(out.split()), script.read_text("utf-8")):
        assert (
            "private endpoint that Azure creates in the network (no private_endpoint in the file of prices)."
            in text
        )


def test_a_check_that_is_not_installed_is_named(tmp_path: Path) -> None:
    found = [failed(registry()["SEC001"]), {**failed(registry()["SEC001"]), "check_id": "OWN001"}]
    plan = plan_of(snapshot(findings=found, workspaces=[workspace()]), None)
    assert plan.unknown_checks == ("OWN001",)
    assert ids(plan) == ["SEC001"]


@pytest.mark.parametrize("check", BUILT_IN, ids=lambda check: check.id)
def test_every_command_of_a_fix_is_in_one_of_its_alternatives(check: Check) -> None:
    text = read(check.remediation.az)
    lines = {line for way in text.alternatives for line in way.commands}
    own = {line for line in check.remediation.az.splitlines() if line.strip() and not line.startswith("#")}
    assert own <= lines


def test_exports_and_azure_are_audited_for_the_question(tmp_path: Path) -> None:
    with served(demo_tenant(), tmp_path) as (_, options, environment):
        given = ("--live", "--resource-group", "rg-*", *options)
        code, out, err = run("fix", "--top", "1", "--check", "mvn001", *given, env=environment)
    assert code == 0, err
    (line,) = [line for line in out.splitlines() if "azml-audit fix --check" in line]
    words = shlex.split(line)
    assert words[2:6] == ["--check", "MVN001", "--output", "MVN001.sh"]
    named = {*zip(words, [*words[1:], ""], strict=True)}
    assert {*zip(options[::2], options[1::2], strict=True), ("--resource-group", "rg-*")} <= named
    assert words.count("--live") == 1
    assert "--top" not in words
    assert "as far as this audit knows" not in out
    exported = {
        "id": id_of("one"),
        "name": "one",
        "location": "x",
        "properties": {"publicNetworkAccess": "Enabled"},
    }
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "workspaces.json").write_text(json.dumps([exported]), "utf-8")
    code, out, err = run("fix", "--check", "NET001", "--from", str(tmp_path / "exports"))
    assert code == 0, err
    assert "Clears 1 finding in 1 workspace" in out


def test_without_a_report_the_command_names_the_way_to_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = run("fix")
    assert code == 2
    assert "azml-audit scan" in err


def test_a_folder_is_no_script(report: Path, tmp_path: Path) -> None:
    code, _, err = run("fix", "--from", str(report), "--output", str(tmp_path))
    assert code == 2
    assert f"{tmp_path} is a folder. Name a file." in " ".join(err.split())
    assert tmp_path.is_dir()
