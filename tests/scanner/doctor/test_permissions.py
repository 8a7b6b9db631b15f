"""The printed role is exactly what a scan needs: it leaves no gap, and without one action a gap names it."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
from collections.abc import Collection as Actions
from dataclasses import replace
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from checks.contract.tables import Tables
from checks.engine.asking import findings
from checks.model import Status
from checks.registry import registry
from scanner.audit import collected
from scanner.azure.arm import Arm
from scanner.cli.main import app
from scanner.commands.demo import emulator_connection
from scanner.commands.emulator import actions_of
from scanner.doctor.permissions import (
    ALWAYS,
    DISCOVERY,
    OF_KIND,
    actions_for,
    consequences,
    needed,
    role_name,
)
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.server import emulated
from scanner.emulator.tenants.builders import Place, Site, descendant, guid, subscription, workspace
from scanner.emulator.tenants.dependencies import closed, diagnostics
from scanner.emulator.tenants.identity import TENANT_ID
from scanner.emulator.tenants.network import INTERNET, connection, managed_network, private_endpoints
from scanner.emulator.tenants.networks import networks
from scanner.emulator.tenants.rules import fqdn, private_endpoint
from scanner.emulator.tenants.tenant import Resource, Tenant
from scanner.emulator.tenants.workloads import cluster, deployment, online_endpoint
from scanner.emulator.versions import without
from scanner.errors import ScopeError, UsageError
from scanner.payloads.payload import PayloadStore
from scanner.policies import loaded, shipped
from scanner.reading.collection import EVERYTHING, Collection, collection_for
from scanner.reading.discovery import Discovery
from scanner.reading.live import LiveSource
from scanner.scope.wanted import Wanted
from tests.support.scanning import NOON, rows, scanned

UNREGISTERED = guid("unregistered")
SUBSCRIPTIONS = (subscription(guid("read"), "read"), subscription(UNREGISTERED, "unregistered"))
SITE = Site(place=Place(subscription=guid("read"), group="rg", location="westeurope"), name="mlw")
LAKE = private_endpoint(SITE.place.id_of("Microsoft.Storage/storageAccounts", "lake"), "blob")
NETWORK = managed_network(SITE, INTERNET, {"packages": fqdn("packages.example.com"), "lake": LAKE})
BODY = workspace(SITE, NETWORK, {"publicNetworkAccess": "Disabled"}, private_endpoints(connection(SITE)))
WORKSPACE = Resource(body=BODY, listed=without(BODY, ("properties", "privateEndpointConnections")))
TENANT = Tenant(
    name="small",
    tenant_id=TENANT_ID,
    subscriptions=SUBSCRIPTIONS,
    resources=(
        WORKSPACE,
        *networks([WORKSPACE], of=[SITE.place.subscription]),
        *closed(SITE),
        diagnostics(SITE),
        cluster(SITE, "cpu"),
        online_endpoint(SITE, "score"),
        deployment(SITE, "score"),
    ),
    management_groups={"corp": tuple(descendant(item, "corp") for item in SUBSCRIPTIONS)},
    unregistered=frozenset({UNREGISTERED}),
)
"""One workspace for which the reader asks everything, and a subscription without Machine Learning."""

NOT_REGISTERED = Fault(kind=FaultKind.STATUS, status=409, route="workspaces", subscription=UNREGISTERED)
SCANS = {
    **{
        name: collection_for(each.check for each in policy.checks)
        for name, policy in zip(shipped(), loaded(shipped(), registry()), strict=True)
    },
    "everything": EVERYTHING,
}


def scan_with(actions: Actions[str], collection: Collection, wanted: Wanted | None = None) -> Tables:
    allowed = replace(TENANT, allowed_actions=frozenset(actions))
    with emulated(allowed, faults=[NOT_REGISTERED]) as emulator:
        return scanned(emulator, wanted=wanted, collection=collection)[0]


@pytest.mark.parametrize("name", SCANS)
def test_the_role_suffices(name: str) -> None:
    tables = scan_with(actions_for(SCANS[name]), SCANS[name])
    assert rows(tables.gaps) == []
    assert len(tables.workspaces) == 1
    assert tables.subscriptions["read"].tolist() == [True, True]


@pytest.mark.parametrize(
    ("name", "dropped"), [(name, action) for name in SCANS for action in actions_for(SCANS[name])]
)
def test_without_one_action_every_gap_names_that_action(name: str, dropped: str) -> None:
    role = [action for action in actions_for(SCANS[name]) if action != dropped]
    gaps = rows(scan_with(role, SCANS[name]).gaps)
    assert gaps
    assert all(f"a role with {dropped})" in gap["closes"] for gap in gaps), gaps


def test_management_groups_take_one_action_more() -> None:
    wanted = Wanted(management_groups=["corp"])
    role = actions_for(EVERYTHING, with_groups=True)
    tables = scan_with(role, EVERYTHING, wanted)
    assert rows(tables.gaps) == []
    assert len(tables.workspaces) == 1
    with pytest.raises(ScopeError, match="managementGroups/descendants/read"):
        scan_with(actions_for(EVERYTHING), EVERYTHING, wanted)


def test_resource_graph_shows_what_the_role_may_read_and_takes_no_action_of_its_own() -> None:
    allowed = replace(TENANT, allowed_actions=frozenset(ALWAYS))
    with emulated(allowed, faults=[NOT_REGISTERED]) as emulator:
        connected = emulator_connection(emulator)

        async def read() -> Tables:
            async with Arm(connected.cloud, connected.credential, clock=lambda: NOON) as arm:
                asking = Discovery(arm, is_demanded=True)
                source = LiveSource(arm, Wanted(), collection=SCANS["internet-outbound"], discovery=asking)
                with PayloadStore() as store:
                    return await collected(source, store)

        tables = asyncio.run(read())
    assert rows(tables.gaps) == []
    assert len(tables.workspaces) == 1


def test_every_kind_that_is_collected_has_its_actions() -> None:
    assert set(OF_KIND) == EVERYTHING.kinds


def test_a_role_reads_and_does_nothing_else() -> None:
    for action in actions_for(EVERYTHING, with_groups=True):
        assert action.endswith("/read")
        assert "*" not in action


def printed(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["permissions", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_role_is_printed_as_azure_reads_it() -> None:
    role = json.loads(printed("--policy", "internet-outbound", "--scope", "/subscriptions/s/"))
    assert role["Actions"] == [*actions_for(SCANS["internet-outbound"]), *DISCOVERY]
    assert role["AssignableScopes"] == ["/subscriptions/s"]
    assert role["Name"] == "azml-audit internet-outbound"
    assert role["IsCustom"] is True
    assert role["NotActions"] == role["DataActions"] == role["NotDataActions"] == []


def test_the_commands_hold_that_role_and_assign_it() -> None:
    arguments = ["--policy", "baseline", "--collect", "all", "--management-group", "corp"]
    words = shlex.split(printed(*arguments, "--format", "az"))
    assert words[:5] == ["az", "role", "definition", "create", "--role-definition"]
    assert json.loads(words[5]) == json.loads(printed(*arguments))
    assert words[words.index("--role") + 1] == json.loads(words[5])["Name"]
    assert words[-2:] == ["--scope", "/providers/Microsoft.Management/managementGroups/corp"]


def test_actions_are_left_out_in_any_case_and_what_follows_is_named_on_stderr() -> None:
    rules = "Microsoft.MachineLearningServices/workspaces/outboundRules/read"
    asked = ["permissions", "--without", rules.upper(), "--without", next(iter(DISCOVERY))]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 0
    role = json.loads(result.stdout)["Actions"]
    assert {rules, *DISCOVERY}.isdisjoint(role)
    assert set(role) < set(json.loads(printed())["Actions"])
    first, second = result.stderr.replace("\n", " ").split("Without ")[1:]
    assert f"{rules} the scan does not read the rules of managed networks" in first
    assert "OBR001" in first
    assert "END001" not in first
    assert "--discover arm" in second


@cache
def statuses(role: tuple[str, ...]) -> pd.Series:
    """The status of every finding of a scan with this role, by check and resource."""
    policies = loaded(["baseline", "data-exfiltration"], registry())
    checks = {each.check.id: each for policy in policies for each in policy.checks}
    found = findings(scan_with(role, EVERYTHING), checks.values())
    return found.set_index(["check_id", "resource_id"])["status"]


@pytest.mark.parametrize("action", [each for each in actions_for(EVERYTHING) if each not in ALWAYS])
def test_only_the_named_checks_become_unknown_without_an_action(action: str) -> None:
    policies = loaded(["baseline", "data-exfiltration"], registry())
    need = needed(policies, collect_all=True, without=[action])
    (sentence,) = consequences(policies, need)
    whole = statuses(tuple(actions_for(EVERYTHING)))
    less = statuses(tuple(need.actions)).reindex(whole.index)
    lost = whole[whole.isin([Status.PASS, Status.FAIL]) & ~whole.eq(less)]
    assert set(lost.index.get_level_values("check_id")) <= set(re.findall(r"[A-Z]{3}\d{3}", sentence))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--scope", "/"], "a custom role needs a subscription"),
        (["--management-group", "a", "--management-group", "b"], "2 management groups"),
        (["--management-group", "a", "--scope", "/subscriptions/s"], "Add --scope /providers/Microsoft.Man"),
        (["--policy", "nowhere.yaml"], "no such file"),
        (
            ["--without", "Microsoft.ResourceGraph/resource/read"],
            "Did you mean Microsoft.ResourceGraph/resources/read",
        ),
        (
            ["--policy", "internet-outbound", "--without", "Microsoft.KeyVault/vaults/read"],
            "does not have this action",
        ),
    ],
)
def test_what_no_custom_role_can_be_is_a_usage_error(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(app, ["permissions", *arguments])
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stdout == ""


def test_names_stay_as_short_as_azure_demands() -> None:
    (policy,) = loaded(["baseline"], registry())
    need = needed([policy] * 40)
    assert len(role_name(need)) == 128


def test_a_scope_is_checked_without_a_command_line_too() -> None:
    with pytest.raises(UsageError, match="a custom role needs a subscription"):
        needed([], scopes=["tenant"])


def test_the_emulator_can_be_told_to_allow_only_a_role(tmp_path: Path) -> None:
    role = tmp_path / "role.json"
    role.write_text(printed("--policy", "internet-outbound"))
    assert actions_of(role) == {*actions_for(SCANS["internet-outbound"]), *DISCOVERY}
    for text in ("[]", '{"Actions": "x"}', "no json"):
        role.write_text(text)
        with pytest.raises(UsageError, match=r"--role .*role\.json: "):
            actions_of(role)


def test_a_wildcard_in_a_role_stands_for_anything() -> None:
    assert rows(scan_with({"*/READ"}, EVERYTHING).gaps) == []
    assert rows(scan_with({"Microsoft.Resources/*/read"}, EVERYTHING).gaps) != []
