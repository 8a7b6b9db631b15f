"""`azml-audit policies explain|schema|init`, and scans by policies with overrides and waivers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from checks.registry import registry
from checks.severity import Severity
from reports.audit import Audit
from scanner.audit import audited, exit_code
from scanner.cli.main import app
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.server import emulated
from scanner.emulator.tenants.generated import generated_tenant
from scanner.emulator.tenants.tenant import Tenant
from scanner.policies import loaded, management_groups
from scanner.scope.wanted import Wanted
from scanner.summary.ending import Ending, show
from scanner.terminal import Terminal
from tests.support.scanning import NOON, scanned

WORKSPACE = (
    "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg-ml/providers/"
    "Microsoft.MachineLearningServices/workspaces/mlw-a"
)
MIXED = generated_tenant(subscriptions=2, workspaces=10, rules=2, seed=0)


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["policies", *arguments], env={"COLUMNS": "200"})
    return result.exit_code, result.stdout, result.stderr


def written(folder: Path, text: str, name: str = "mine.yaml") -> str:
    (folder / name).write_text(text)
    return str(folder / name)


EXPLAINED = """
name: mine
extends: internet-outbound
checks: {NET001: , NET003: {parameters: {min_prefix: 28}}, NET002: off}
overrides:
- name: production
  where: {tag: {env: prod}}
  checks: {NET003: {severity: critical}}
"""


def test_explain_shows_every_value_with_who_said_it(tmp_path: Path) -> None:
    policy = written(tmp_path, EXPLAINED)
    code, out, _ = run("explain", WORKSPACE, "--policy", policy, "--tag", "Env=prod")
    assert code == 0
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert f"{policy}: overrides[0] (production) applies." in lines
    assert f"NET002 enabled off {policy}: checks.NET002" in lines
    assert f"severity critical {policy}: overrides[0] (production)" in lines
    assert f"min_prefix 28 {policy}: checks.NET003" in lines
    assert 'allowed_modes ["AllowInternetOutbound"] internet-outbound: checks.NET006' in lines
    assert "severity high the check's default" in lines


def test_explain_tells_what_an_override_asks_for_that_was_not_given(tmp_path: Path) -> None:
    code, out, _ = run("explain", WORKSPACE, "--policy", written(tmp_path, EXPLAINED))
    assert code == 0
    assert (
        "overrides[0] (production) does not apply. It also asks for facts that are missing: add --tag." in out
    )


@pytest.mark.parametrize(
    ("where", "options"),
    [
        ("{subscription: contoso*}", ["--subscription-name", "Contoso 1"]),
        ("{subscription: 11111111-*}", []),
        ("{resource_group: rg-ml}", []),
        ("{workspace: 'mlw-?'}", []),
        ("{kind: hub}", ["--kind", "Hub"]),
        ("{location: west*}", ["--location", "westeurope"]),
        ("{management_group: [x, corp]}", ["--management-group", "Corp", "--management-group", "y"]),
        ("{tag: {a: 'b=c', d: '*'}}", ["--tag", "a=b=c", "--tag", "d="]),
    ],
)
def test_explain_takes_every_fact_a_selector_can_ask_for(
    tmp_path: Path, where: str, options: list[str]
) -> None:
    text = f"name: mine\nchecks: {{NET: }}\noverrides: [{{where: {where}, checks: {{NET001: off}}}}]"
    code, out, _ = run("explain", WORKSPACE, "--policy", written(tmp_path, text), *options)
    assert code == 0
    assert "overrides[0] applies" in out


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["mlw-a"], "resource id"),
        ([WORKSPACE + "/computes/c"], "resource id"),
        ([WORKSPACE, "--tag", "env"], "NAME=VALUE"),
        ([WORKSPACE, "--policy", "nowhere"], "no such policy and no such file"),
    ],
)
def test_explain_refuses_what_it_cannot_explain(arguments: list[str], word: str) -> None:
    code, _, err = run("explain", *arguments)
    assert code == 2
    assert word in err


def test_schema_is_json_for_any_width_of_terminal() -> None:
    result = CliRunner().invoke(app, ["policies", "schema"], env={"COLUMNS": "40"})
    assert result.exit_code == 0
    assert json.loads(result.stdout)["$schema"].endswith("2020-12/schema")


def test_init_writes_a_valid_file_and_overwrites_only_by_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("init")[0] == 0
    assert run("validate", "azml-audit-policy.yaml")[0] == 0
    file = tmp_path / "azml-audit-policy.yaml"
    file.write_text("mine")
    code, _, err = run("init")
    assert (code, file.read_text()) == (2, "mine")
    assert "--force" in err
    assert run("init", "--force")[0] == 0
    assert file.read_text() != "mine"
    assert run("init", str(tmp_path / "no" / "folder.yaml"))[0] == 2


def audit(
    tenant: Tenant, *policies: str, faults: tuple[Fault, ...] = (), fail_on: Severity | None = None
) -> Audit:
    chosen = loaded(policies, registry())
    with emulated(tenant, faults=faults) as emulator:
        tables, _ = scanned(emulator, wanted=Wanted(known_groups=management_groups(chosen)))
    return audited(
        tables,
        chosen,
        fail_on=fail_on,
        source="the emulator",
        is_azure=False,
        started_at=NOON,
        finished_at=datetime(2026, 11, 22, tzinfo=UTC),
    )


def test_a_policy_says_from_where_on_it_fails_and_the_command_line_wins(tmp_path: Path) -> None:
    policy = written(tmp_path, "name: mine\nextends: internet-outbound\nfail_on: critical")
    assert exit_code(audit(MIXED, policy)) == 0
    assert exit_code(audit(MIXED, policy, fail_on=Severity.HIGH)) == 1
    assert exit_code(audit(MIXED, policy, "internet-outbound")) == 1


WAIVED = """
name: waived
extends: internet-outbound
waivers:
- {check: NET, resource: '*', reason: moving, approver: jane, expires: 2026-11-21, ticket: T-1}
- {check: NET006, resource: '*/nowhere', reason: gone, approver: jane, expires: 2027-01-01}
- {check: NET006, resource: '*', reason: old, approver: jane, expires: 2026-11-20}
"""


def test_waived_violations_fail_no_run_and_the_summary_tells_of_waivers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = audit(MIXED, written(tmp_path, WAIVED), "internet-outbound")
    waived, strict = done.verdicts
    assert (waived.verdict, strict.verdict) == ("compliant", "violated")
    assert sum(waived.waived.values()) == sum(strict.violated.values())
    assert len(done.findings) == 2 * int(done.findings["policy"].eq("waived").sum())
    assert set(done.findings.query("verdict == 'waived'")["waiver"]) == {
        "moving (jane, until 2026-11-21, T-1)"
    }
    show(done, tmp_path, Terminal().out, Ending(code=0))
    told = " ".join(capsys.readouterr().out.split())
    assert "of its waivers 1 expired and 1 matches nothing" in told
    assert "100.0" in told


GROUPED = """
name: grouped
extends: internet-outbound
overrides:
- where: {{management_group: {group}}}
  checks: {{NET006: off, NET001: }}
"""


def test_workspaces_below_a_management_group_are_judged_by_what_is_said_for_it(tmp_path: Path) -> None:
    tenant = demo_tenant()
    group = next(iter(tenant.management_groups))
    below = {str(item["name"]).lower() for item in tenant.management_groups[group]}
    done = audit(tenant, written(tmp_path, GROUPED.format(group=group.upper())))
    subscriptions = done.findings["workspace_id"].str.split("/").str[2].str.lower()
    inside = done.findings["check_id"].eq("NET001")
    assert set(subscriptions[inside]) <= below
    assert inside.any()
    assert not set(subscriptions[~inside]) & below
    assert done.verdicts[0].unread_groups == ()
    assert len(done.tables.subscriptions) > len(below & set(subscriptions))


def test_a_management_group_nobody_may_read_leaves_the_verdict_open(tmp_path: Path) -> None:
    tenant = generated_tenant(subscriptions=1, workspaces=5, rules=2, seed=0)
    forbidden = Fault(kind=FaultKind.STATUS, status=403, route="descendants")
    done = audit(tenant, written(tmp_path, GROUPED.format(group="corp")), faults=(forbidden,))
    assert done.verdicts[0].unread_groups == ("corp",)
    assert set(done.tables.gaps["asked"]) == {"descendants"}
    assert exit_code(done) == 3


def test_a_management_group_a_source_never_asked_for_leaves_the_verdict_open_without_a_gap(
    tmp_path: Path,
) -> None:
    tenant = generated_tenant(subscriptions=1, workspaces=5, rules=2, seed=0)
    with emulated(tenant) as emulator:
        tables, _ = scanned(emulator)
    done = audited(
        tables,
        loaded([written(tmp_path, GROUPED.format(group="corp"))], registry()),
        source="",
        is_azure=False,
        started_at=NOON,
        finished_at=NOON,
    )
    assert tables.gaps.empty
    assert exit_code(done) == 3
