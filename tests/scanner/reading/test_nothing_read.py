"""What proves that a subscription has no workspace, and what proves nothing: over real HTTP, with exit codes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.tenants.generated import generated_tenant
from scanner.emulator.tenants.tenant import Tenant
from scanner.payloads.answers import UNUSABLE, payload_or_gap
from scanner.payloads.payload import Gap, Payload
from scanner.scope.wanted import Wanted
from scanner.tables.subscriptions import proves_absence
from scanner.tables.tabulate import tables
from tests.support.command_line import run, scanned, served
from tests.support.exports import written
from tests.support.scanning import NOON, rows, scan_of

TENANT = generated_tenant(subscriptions=2, workspaces=2, rules=1, seed=0)
EMPTIED, OTHER = sorted(str(item["subscriptionId"]) for item in TENANT.subscriptions)
URL = f"https://management.azure.com/subscriptions/{EMPTIED}/providers/x/workspaces?api-version=2025-12-01"
ARM_ONLY = ("--fail-on", "critical", "--discover", "arm")
"""Resource Graph would still have the workspaces, and the difference would be a gap."""

NOT_CONCLUSIVE = ("Registering", "Unregistering", "Registered", "Elsewhere", "", None)


def refused(status: int, code: str | None = None, page: int | None = None) -> Fault:
    fault = Fault(kind=FaultKind.STATUS, status=status, route="workspaces", subscription=EMPTIED, page=page)
    return replace(fault, code=code, message=f"{code} for this subscription type.") if code else fault


def in_state(state: str | None) -> Tenant:
    return replace(TENANT, registration_states={EMPTIED: state})


@pytest.mark.parametrize("state", NOT_CONCLUSIVE)
def test_no_other_state_turns_a_refusal_into_emptiness(state: str | None) -> None:
    with scan_of(in_state(state), refused(409)) as (found, _, _):
        row = next(each for each in rows(found.subscriptions) if each["subscription_id"] == EMPTIED)
        assert row["read"] is False
        assert found.gaps["code"].tolist() == ["MissingSubscriptionRegistration"]


@pytest.mark.parametrize("state", ["NotRegistered", "Unregistered", "unregistered"])
def test_two_states_prove_that_no_workspace_exists(state: str) -> None:
    with scan_of(in_state(state), refused(409)) as (found, _, _):
        row = next(each for each in rows(found.subscriptions) if each["subscription_id"] == EMPTIED)
        assert (row["read"], row["workspaces"]) == (True, 0)
        assert state in row["note"]
        assert found.gaps.empty


@pytest.mark.parametrize("state", [*NOT_CONCLUSIVE, "NotRegistered"])
def test_a_list_that_azure_answers_is_read_in_every_state(state: str | None) -> None:
    with scan_of(in_state(state)) as (found, _, _):
        assert set(found.workspaces["subscription_id"]) == {EMPTIED, OTHER}
        assert found.gaps.empty


@pytest.mark.parametrize(
    ("state", "code"), [("Registering", 3), ("Unregistering", 3), (None, 3), ("NotRegistered", 0)]
)
def test_the_exit_code_follows_the_registration(state: str | None, code: int, tmp_path: Path) -> None:
    assert scanned(in_state(state), tmp_path, refused(409), extra=ARM_ONLY)[0] == code


@given(state=st.text())
def test_no_word_but_two_proves_absence(state: str) -> None:
    assert proves_absence(state) == (state.lower() in ("notregistered", "unregistered"))


@pytest.mark.parametrize("code", sorted(UNUSABLE))
def test_a_type_that_may_not_use_the_provider_is_a_note_and_no_gap(code: str, tmp_path: Path) -> None:
    with scan_of(TENANT, refused(400, code)) as (found, _, _):
        row = next(each for each in rows(found.subscriptions) if each["subscription_id"] == EMPTIED)
        assert (row["read"], row["workspaces"]) == (True, 0)
        assert code in row["note"]
        assert found.gaps.empty
    assert scanned(TENANT, tmp_path, refused(400, code), extra=ARM_ONLY)[0] == 0


def test_the_refusal_of_a_later_page_takes_no_workspace_back() -> None:
    with scan_of(TENANT, refused(400, "DisallowedProvider", page=2), page_size=1) as (found, _, _):
        assert found.gaps["code"].tolist() == ["DisallowedProvider"]
        assert found.workspaces["subscription_id"].tolist().count(EMPTIED) == 1


def answer(code: str, *, status: int = 400, kind: str = "workspaces", url: str = URL) -> Payload:
    return Payload(
        kind=kind,
        scope=f"/subscriptions/{EMPTIED}",
        subscription_id=EMPTIED,
        url=url,
        api_version="2025-12-01",
        status=status,
        retrieved_at=NOON,
        body=b"{}",
        document={"error": {"code": code, "message": "refused"}},
    )


@given(
    code=st.text()
    | st.sampled_from(
        ["AuthorizationFailed", "SubscriptionNotFound", "ReadOnlyDisabledSubscription", "DisallowedResource"]
    )
    | st.sampled_from(sorted(UNUSABLE)),
    status=st.sampled_from([400, 401, 403, 404, 409, 429, 500]),
    kind=st.sampled_from(["workspaces", "workspace", "computes", "subscriptions"]),
    is_first=st.booleans(),
)
def test_every_other_refusal_is_a_gap(code: str, status: int, kind: str, *, is_first: bool) -> None:
    refusal = answer(code, status=status, kind=kind, url=URL if is_first else f"{URL}&$skip=x")
    proves = status == 400 and kind == "workspaces" and is_first and code in UNUSABLE
    assert isinstance(payload_or_gap(refusal), Gap) is not proves


def test_a_scan_of_no_subscription_is_not_compliant_and_neither_is_its_replay(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    excluded = ("--exclude-subscription", EMPTIED, "--exclude-subscription", OTHER)
    with served(TENANT, tmp_path) as (_, options, environment):
        arguments = ("--policy", "internet-outbound", "--output", str(tmp_path / "live"))
        code, out, _ = run(
            "scan", *options, *arguments, *excluded, "--evidence", str(bundle), env=environment
        )
    assert code == 3
    assert "undetermined" in out
    assert "NothingInScope" in out
    replayed = ("scan", "--from", str(bundle), "--policy", "internet-outbound", "-o", str(tmp_path / "again"))
    code, out, _ = run(*replayed)
    assert code == 3
    assert "NothingInScope" in out
    assert run("verify", str(bundle))[0] == 0


def test_nothing_at_all_is_a_gap_of_its_own() -> None:
    assert tables([]).gaps["code"].tolist() == ["NoSubscriptionRead"]


def test_an_export_of_a_subscription_alone_is_no_audit(tmp_path: Path) -> None:
    subscription = {"id": f"/subscriptions/{EMPTIED}", "subscriptionId": EMPTIED, "state": "Enabled"}
    folder = written(tmp_path / "in", {"subscriptions.json": {"value": [subscription]}})
    arguments = ("scan", "--from", str(folder), "--policy", "internet-outbound", "-o", str(tmp_path / "out"))
    code, out, _ = run(*arguments)
    assert code == 3
    assert "0 of 1 subscription read" in out


def test_a_refusal_does_not_hide_workspaces_that_resource_graph_has(tmp_path: Path) -> None:
    code, out, _ = scanned(
        TENANT, tmp_path, refused(400, "DisallowedProvider"), extra=("--fail-on", "critical")
    )
    assert code == 3
    assert "DiscoveryDiffers" in out


def test_a_provider_that_was_asked_instead_of_the_list_is_a_gap_unless_it_settles_the_question() -> None:
    page = replace(answer(""), kind="provider", status=200)
    undecided = tables([replace(page, document={"registrationState": "Registering"})])
    assert undecided.gaps["code"].tolist() == ["RegistrationUndecided"]
    assert "Registering" in str(undecided.gaps["message"].iloc[0])
    assert tables([replace(page, document={"registrationState": "NotRegistered"})]).gaps.empty


@pytest.mark.parametrize("member", ["id", "subscriptionId"])
def test_one_of_the_two_members_is_enough_to_read_a_subscription(member: str) -> None:
    cut = tuple(
        {**item, member: ""} if item["subscriptionId"] == EMPTIED else item for item in TENANT.subscriptions
    )
    tenant = replace(TENANT, subscriptions=cut)
    if member == "id":  # the emulator finds a subscription by its id, so it knows nothing below this one
        with scan_of(tenant, wanted=Wanted()) as (found, _, _):
            assert found.gaps["code"].tolist() == ["SubscriptionNotFound"]
            assert EMPTIED in set(found.subscriptions["subscription_id"])
        return
    with scan_of(tenant) as (found, _, _):
        assert set(found.workspaces["subscription_id"]) == {EMPTIED, OTHER}
        assert found.gaps.empty


def test_a_subscription_without_any_id_is_a_gap() -> None:
    listed = {"value": [{"id": "/elsewhere", "displayName": "nameless"}, {"displayName": "bare"}]}
    page = replace(
        answer(""),
        kind="subscriptions",
        status=200,
        subscription_id=None,
        scope="/subscriptions",
        document=listed,
    )
    messages = tables([page]).gaps["message"].tolist()
    assert messages
    assert all("no subscription id" in each or "no id" in each for each in messages)
