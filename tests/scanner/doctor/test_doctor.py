"""The doctor reports what limits a scan and the fix. It only reads and shows no token."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from scanner.azure.identity import identity_of
from scanner.azure.pipeline import Patience
from scanner.choices import Auth
from scanner.cli.main import app
from scanner.commands.connections import Connection
from scanner.commands.demo import emulator_connection
from scanner.commands.doctor import examine
from scanner.doctor.examination import reached
from scanner.doctor.findings import State
from scanner.doctor.permissions import actions_for
from scanner.emulator.credential import CLIENT_ID, CLIENT_SECRET
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.server import emulated
from scanner.emulator.tenants.identity import OBJECT_ID, TENANT_ID, access_token
from scanner.emulator.tenants.tenant import Graph, Tenant
from scanner.errors import CloudError
from scanner.reading.collection import EVERYTHING
from scanner.scope.wanted import Wanted
from tests.scanner.doctor.test_permissions import NOT_REGISTERED, SITE, TENANT

HASTY = Patience(retries=0, backoff=0.0, throttle_budget=1.0, connect_timeout=5.0, read_timeout=5.0)


def now() -> datetime:
    return datetime.now(UTC)


def examined(
    tenant: Tenant = TENANT,
    *faults: Fault,
    wanted: Wanted | None = None,
    clock: Callable[[], datetime] = now,
    width: int | None = None,
) -> tuple[int, str]:
    out = Console(file=io.StringIO(), width=width or 80, force_terminal=width is not None, no_color=True)
    with emulated(tenant, faults=[NOT_REGISTERED, *faults]) as emulator:
        code = examine(
            ["data-exfiltration"],
            wanted or Wanted(),
            Auth.ENVIRONMENT,
            lambda: emulator_connection(emulator),
            out,
            collect_all=True,
            patience=HASTY,
            clock=clock,
        )
    assert isinstance(out.file, io.StringIO)
    return code, out.file.getvalue()


def without(*actions: str) -> Tenant:
    allowed = frozenset(actions_for(EVERYTHING, with_groups=True)) - frozenset(actions)
    return replace(TENANT, allowed_actions=allowed)


def test_where_all_is_fine_it_says_so_and_exits_0() -> None:
    code, output = examined(without())
    assert code == 0, output
    lines = output.splitlines()
    assert {line.split()[0] for line in lines if line and "Exit" not in line} == {"ok"}
    for action in actions_for(EVERYTHING):
        assert any(action in line for line in lines), action
    assert f"service principal, tenant {TENANT_ID}, object id {OBJECT_ID}, client id {CLIENT_ID}" in output
    assert "2 visible; 1 workspace" in output
    assert "ok       Resource Graph: answers, and lists 1 workspace" in output
    assert "What to do" not in output


@pytest.mark.parametrize("dropped", [a for a in actions_for(EVERYTHING) if "subscriptions/read" not in a])
def test_an_action_that_is_missing_is_named_with_what_grants_it(dropped: str) -> None:
    code, output = examined(without(dropped))
    assert code == 3
    limited = [line for line in output.splitlines() if line.startswith("failed")]
    assert len(limited) == 1
    assert limited[0].split()[1] == f"{dropped}:"
    assert f"a role with {dropped}): az role assignment create --assignee-object-id {OBJECT_ID}" in output
    assert "azml-audit permissions --policy data-exfiltration --format az" in output


def test_without_any_subscription_no_scan_works() -> None:
    code, output = examined(without("Microsoft.Resources/subscriptions/read"))
    assert code == 2
    assert "failed   subscriptions: " in output
    assert "1. subscriptions: Grant the identity Reader (or a role with Microsoft.Resources/subscr" in output


def test_a_subscription_nobody_has_stops_a_scan() -> None:
    code, output = examined(wanted=Wanted(subscriptions=["Nowhere"]))
    assert code == 2
    assert "failed   subscriptions: No visible subscription is named 'Nowhere'" in output


def test_a_management_group_that_may_not_be_read_is_named() -> None:
    denied = without("Microsoft.Management/managementGroups/descendants/read")
    subscription = str(TENANT.subscriptions[0]["subscriptionId"])
    code, output = examined(denied, wanted=Wanted(subscriptions=[subscription], management_groups=["corp"]))
    assert code == 3
    assert "failed   Microsoft.Management/managementGroups/descendants/read: " in output


def test_what_fails_for_another_reason_is_told_too() -> None:
    code, output = examined(without(), Fault(kind=FaultKind.STATUS, status=503, route="computes"))
    assert code == 3
    assert f"failed   ServerBusy: 1 unanswered, first computes of {SITE.id}" in output


def test_a_wrong_clock_is_told_by_how_much() -> None:
    code, output = examined(without(), clock=lambda: now() + timedelta(hours=2))
    assert code == 3
    assert "failed   clock: 2:00:0" in output or "failed   clock: 1:59:5" in output
    assert "ahead of the server's" in output
    assert "clock: Set this machine's clock" in output


def test_it_only_reads_and_reads_little() -> None:
    many = replace(without(), subscriptions=TENANT.subscriptions[:1])
    with emulated(many) as emulator:
        connected = emulator_connection(emulator)
        console = Console(file=io.StringIO())
        assert examine(["internet-outbound"], Wanted(), Auth.CLI, lambda: connected, console) == 0
        asked = [(request.method, request.path.rpartition("/")[2]) for request in emulator.requests]
    assert sorted(asked) == [
        ("GET", "Microsoft.MachineLearningServices"),
        *(("GET", "endpoints"), ("GET", "subscriptions"), ("GET", "workspaces")),
        ("POST", "resources"),
    ]


def test_resource_graph_that_refuses_limits_a_scan() -> None:
    code, output = examined(replace(without(), graph=Graph(is_allowed=False)))
    assert code == 3
    assert "failed   Resource Graph: AccessDenied" in output
    assert "Or scan with --discover arm" in output
    assert [line.split()[0] for line in output.splitlines() if line.startswith("failed")] == ["failed"]


def test_a_terminal_gets_a_table() -> None:
    code, output = examined(without(), width=120)
    assert code == 0
    heading = re.sub(r"\x1b\[\d+m", "", output.splitlines()[0])
    assert heading.split() == ["Test", "What", "Seen"]


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    with emulated(without(), tls=True, faults=[NOT_REGISTERED]) as emulator:
        authority = tmp_path / "ca.pem"
        authority.write_bytes(emulator.ca_pem or b"")
        monkeypatch.setenv("AZURE_TENANT_ID", TENANT_ID)
        monkeypatch.setenv("AZURE_CLIENT_ID", CLIENT_ID)
        monkeypatch.setenv("AZURE_CLIENT_SECRET", CLIENT_SECRET)
        yield ["--auth", "environment", "--arm-endpoint", emulator.url, "--ca-bundle", str(authority)]


def test_by_the_sdk_s_own_sign_in_from_the_command_line(
    tls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    result = CliRunner().invoke(app, ["doctor", "--collect", "all", *tls])
    assert result.exit_code == 0, result.output
    assert "ok       sign-in: https://localhost:" in result.stdout
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "a-wrong-secret")
    refused = CliRunner().invoke(app, ["doctor", *tls])
    assert refused.exit_code == 2
    assert "failed   identity: No token for https://localhost" in refused.stdout
    assert "AADSTS7000215" in refused.stdout
    for step in ("subscriptions", "Resource Graph", "permissions"):
        assert f"skipped  {step}: not tested, because of the failure of: identity" in refused.stdout
    assert "1. identity: Create a new secret" in refused.stdout
    for output in (result.output, refused.output):
        assert access_token() not in output
        assert CLIENT_SECRET not in output
        assert "a-wrong-secret" not in output


def test_a_policy_nobody_has_is_a_usage_error_before_anything_is_asked() -> None:
    result = CliRunner().invoke(app, ["doctor", "--policy", "nowhere.yaml"])
    assert result.exit_code == 2
    assert "no such file" in result.stderr


def test_a_cloud_that_cannot_be_told_stops_a_scan() -> None:
    def unconnected() -> Connection:
        raise CloudError("https://arm.example/metadata/endpoints does not describe a cloud.")

    console = Console(file=io.StringIO())
    assert examine(["baseline"], Wanted(), Auth.DEFAULT, unconnected, console) == 2


def test_a_host_is_reached_or_it_is_said_why_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = tmp_path / "ca.pem"
    with emulated(TENANT, tls=True) as emulator:
        authority.write_bytes(emulator.ca_pem or b"")
        url = emulator.url
        assert [each.state for each in asyncio.run(reached("arm", url, authority, now))] == [State.FINE] * 2
        (untrusted,) = asyncio.run(reached("arm", url, None, now))
        assert untrusted.state is State.STOPPED
        assert "--ca-bundle" in untrusted.fix
        monkeypatch.setenv("HTTPS_PROXY", "http://user:hidden@127.0.0.1:9")
        monkeypatch.setenv("NO_PROXY", "")
        (proxied,) = asyncio.run(reached("arm", url, authority, now))
        assert f"{url} through http://127.0.0.1:9: ClientProxyConnectionError" in proxied.seen
        assert "hidden" not in proxied.seen + proxied.fix
        assert "HTTPS_PROXY" in proxied.fix
        monkeypatch.delenv("HTTPS_PROXY")
    (closed,) = asyncio.run(reached("arm", url, authority, now))
    assert closed.state is State.STOPPED
    assert "Check that the network lets this machine reach the host" in closed.fix


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        (access_token(), "service principal"),
        ("e30.eyJzY3AiOiJ1c2VyX2ltcGVyc29uYXRpb24ifQ.", "user"),
        ("e30.eyJ4bXNfbWlyaWQiOiIvc3Vic2NyaXB0aW9ucyJ9.", "managed identity"),
        *((token, "a token without an identity") for token in ("", "opaque", "a.b.c", "a.W10.", "é.é.é")),
    ],
)
def test_whose_a_token_is(token: str, kind: str) -> None:
    assert identity_of(token).kind == kind
