"""Several tenants in one scan, over real HTTP: a sign-in for each, one verdict and one report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from scanner.emulator.credential import CLIENT_ID, CLIENT_SECRET
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.server import Emulator, emulated
from scanner.emulator.tenants.generated import generated_tenant
from scanner.emulator.tenants.tenant import Tenant
from tests.support.command_line import run
from tests.support.worlds.scopes import OLD, TEAMS, team_tenant

OURS = team_tenant()
THEIR_ID = "77777777-7d42-5b86-9e11-0c64d2a7f3b9"
_MADE = generated_tenant(subscriptions=2, workspaces=2, rules=1, seed=3)
THEIRS = replace(
    _MADE,
    name="theirs",
    tenant_id=THEIR_ID,
    subscriptions=tuple({**each, "tenantId": THEIR_ID} for each in _MADE.subscriptions),
)
SECOND = str(THEIRS.subscriptions[0]["subscriptionId"])


@contextmanager
def served(
    folder: Path, *tenants: Tenant, faults: tuple[Fault, ...] = ()
) -> Iterator[tuple[Emulator, list[str]]]:
    with emulated(*tenants, faults=faults, tls=True) as emulator:
        authority = folder / "ca.pem"
        authority.write_bytes(emulator.ca_pem or b"")
        yield (
            emulator,
            ["--arm-endpoint", emulator.url, "--ca-bundle", str(authority), "--auth", "environment"],
        )


ENVIRONMENT = {
    "AZURE_TENANT_ID": OURS.tenant_id,
    "AZURE_CLIENT_ID": CLIENT_ID,
    "AZURE_CLIENT_SECRET": CLIENT_SECRET,
}
BOTH = ("--tenant", OURS.tenant_id, "--tenant", THEIR_ID)


def scan(
    folder: Path, *arguments: str, tenants: tuple[Tenant, ...] = (OURS, THEIRS), output: str = "report"
) -> tuple[int, str, str]:
    with served(folder, *tenants) as (_, options):
        whole = [
            "scan",
            *options,
            "--output",
            str(folder / output),
            "--policy",
            "baseline",
            "--format",
            "csv,html",
        ]
        return run(*whole, *arguments, env=ENVIRONMENT)


def csv_of(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"{name}.csv", dtype="string", keep_default_na=False)


def test_one_report_has_the_workspaces_of_both_tenants_with_their_tenant(tmp_path: Path) -> None:
    code, out, err = scan(tmp_path, *BOTH)
    assert code == 1, err
    assert "4 of 4 subscriptions read, with 11 workspaces" in out
    workspaces = csv_of(tmp_path / "report", "workspaces")
    assert workspaces["tenant_id"].value_counts().to_dict() == {OURS.tenant_id: 7, THEIR_ID: 4}
    assert len(csv_of(tmp_path / "report", "policies")) == 1
    assert csv_of(tmp_path / "report", "gaps").empty
    page = (tmp_path / "report" / "report.html").read_text()
    coverage = page.partition('id="coverage"')[2].partition('id="gaps"')[0]
    assert '<th scope="col">Tenant</th>' in coverage
    assert coverage.count(THEIR_ID) == 2


def test_each_tenant_is_read_with_its_own_token_only(tmp_path: Path) -> None:
    with served(tmp_path, OURS, THEIRS) as (emulator, options):
        run("scan", *options, *BOTH, "--output", str(tmp_path / "r"), "--policy", "baseline", env=ENVIRONMENT)
        tokens = {each.path.split("/")[1] for each in emulator.requests if each.path.endswith("/token")}
        lists = [each for each in emulator.requests if each.path == "/subscriptions"]
        refused = [each for each in emulator.requests if each.status == 401]
    assert tokens == {OURS.tenant_id, THEIR_ID}
    assert len(lists) == 2
    assert refused == []


def test_the_emulator_refuses_the_token_of_another_tenant(tmp_path: Path) -> None:
    code, out, _ = scan(tmp_path, "--subscription", SECOND)
    assert code == 3
    assert "InvalidAuthenticationTokenTenant" in out


def test_without_the_option_only_the_tenant_of_the_credential_is_read(tmp_path: Path) -> None:
    scan(tmp_path)
    assert set(csv_of(tmp_path / "report", "workspaces")["tenant_id"]) == {OURS.tenant_id}


@pytest.mark.parametrize("rule", [(), ("--management-group", "generated"), ("--exclude-state", "Disabled")])
def test_the_bundle_of_several_tenants_is_verified_and_replayed(
    rule: tuple[str, ...], tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle"
    code, _, err = scan(tmp_path, *BOTH, *rule, "--evidence", str(bundle))
    assert code == 1, err
    told = json.loads((bundle / "statement.json").read_text())["told"]
    assert told["asked_for"]["tenants"] == [OURS.tenant_id, THEIR_ID]
    assert [told["asked_by"]["tenant_id"], told["also_asked_by"][0]["tenant_id"]] == [
        OURS.tenant_id,
        THEIR_ID,
    ]
    code, out, _ = run("verify", str(bundle))
    assert code == 0, out
    run(
        "scan",
        "--from",
        str(bundle),
        "--output",
        str(tmp_path / "again"),
        "--policy",
        "baseline",
        "--format",
        "csv",
    )
    for name in ("findings", "workspaces", "subscriptions", "left_out"):
        again, first = tmp_path / "again" / f"{name}.csv", tmp_path / "report" / f"{name}.csv"
        assert again.read_bytes() == first.read_bytes()


def test_a_group_of_one_tenant_is_no_gap_in_the_other(tmp_path: Path) -> None:
    code, _, err = scan(
        tmp_path, *BOTH, "--management-group", "corp", "--exclude-management-group", "generated"
    )
    assert code == 1, err
    assert set(csv_of(tmp_path / "report", "workspaces")["subscription_id"]) == {TEAMS, OLD}
    assert csv_of(tmp_path / "report", "gaps").empty
    left_out = csv_of(tmp_path / "report", "left_out")
    assert SECOND in set(left_out["subscription_id"])


def test_a_subscription_that_both_tenants_show_is_read_once_by_its_own(tmp_path: Path) -> None:
    delegated = {**THEIRS.subscriptions[0], "managedByTenants": [{"tenantId": OURS.tenant_id}]}
    managing = replace(OURS, subscriptions=(*OURS.subscriptions, delegated))
    with served(
        tmp_path, managing, replace(THEIRS, subscriptions=(delegated, *THEIRS.subscriptions[1:]))
    ) as (
        emulator,
        options,
    ):
        places = [
            "--output",
            str(tmp_path / "report"),
            "--policy",
            "baseline",
            "--evidence",
            str(tmp_path / "e"),
        ]
        code, _, err = run("scan", *options, *BOTH, *places, env=ENVIRONMENT)
        lists = [
            each.path
            for each in emulator.requests
            if SECOND in each.path and each.path.lower().endswith("/workspaces")
        ]
    assert code == 1, err
    assert len(lists) == 1
    assert run("verify", str(tmp_path / "e"))[0] == 0
    assert len(csv_of(tmp_path / "report", "workspaces")) == 11


def test_workers_sign_in_to_each_tenant(tmp_path: Path) -> None:
    scan(tmp_path, *BOTH, output="alone")
    code, _, err = scan(tmp_path, *BOTH, "--workers", "2", output="together")
    assert code == 1, err
    for name in ("findings", "workspaces", "subscriptions"):
        assert csv_of(tmp_path / "alone", name).equals(csv_of(tmp_path / "together", name))


def test_a_tenant_without_a_visible_subscription_is_a_gap(tmp_path: Path) -> None:
    code, out, _ = scan(
        tmp_path, *BOTH, "--fail-on", "critical", tenants=(OURS, replace(THEIRS, subscriptions=()))
    )
    assert code in (1, 3)
    gaps = csv_of(tmp_path / "report", "gaps")
    assert gaps["code"].tolist() == ["NoSubscriptionVisible"]
    assert THEIR_ID in gaps["message"].iloc[0]
    assert "NoSubscriptionVisible" in out


def test_both_lists_that_are_refused_are_two_gaps(tmp_path: Path) -> None:
    refused = Fault(kind=FaultKind.STATUS, status=403, route="subscriptions")
    with served(tmp_path, OURS, THEIRS, faults=(refused,)) as (_, options):
        places = ["--output", str(tmp_path / "report"), "--policy", "baseline"]
        code, _, _ = run("scan", *options, *BOTH, *places, env=ENVIRONMENT)
    assert code == 3
    assert len(csv_of(tmp_path / "report", "gaps")) == 2


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((*BOTH, "--tenant", THEIR_ID.upper()), "the tenant is named twice"),
        (("--tenant", OURS.tenant_id, "--tenant", "99999999-0000-4000-8000-000000000000"), "Tenant 99999999"),
    ],
)
def test_a_tenant_that_cannot_be_signed_in_to_ends_the_scan(
    arguments: tuple[str, ...], problem: str, tmp_path: Path
) -> None:
    code, _, err = scan(tmp_path, *arguments)
    assert code == 2
    assert problem in " ".join(err.split())


def test_a_scope_file_names_the_tenants(tmp_path: Path) -> None:
    scope = tmp_path / "scope.yaml"
    scope.write_text(f"tenants: [{OURS.tenant_id}, {THEIR_ID}]\nexclude: {{states: Disabled}}\n")
    code, out, err = scan(tmp_path, "--scope", str(scope))
    assert code == 1, err
    assert "3 of 3 subscriptions read" in out
    code, _, err = scan(tmp_path, "--scope", str(scope), "--tenant", THEIR_ID)
    assert code == 2
    assert "the scope file names tenants, too" in err


def test_doctor_examines_one_tenant(tmp_path: Path) -> None:
    with served(tmp_path, OURS, THEIRS) as (_, options):
        code, _, err = run("doctor", *options, *BOTH, env=ENVIRONMENT)
        assert code == 2
        assert "Run it once for each --tenant" in err
        assert run("doctor", *options, "--tenant", THEIR_ID, env=ENVIRONMENT)[0] == 0
