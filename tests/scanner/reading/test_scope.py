"""Which subscriptions are read, over real HTTP against the emulator."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.tenants.generated import generated_tenant
from scanner.emulator.tenants.tenant import Document, Tenant
from scanner.errors import ScopeError
from scanner.scope.wanted import Wanted
from tests.support.scanning import rows, scan_of

TENANT = generated_tenant(subscriptions=5, workspaces=1, rules=0, seed=3)
IDS = sorted(str(item["subscriptionId"]) for item in TENANT.subscriptions)
NAMES = {str(item["subscriptionId"]): str(item["displayName"]) for item in TENANT.subscriptions}


def renamed(tenant: Tenant, names: dict[str, str]) -> Tenant:
    def item(body: Document) -> Document:
        return {**body, "displayName": names.get(str(body["subscriptionId"]), body["displayName"])}

    return replace(tenant, subscriptions=tuple(item(body) for body in tenant.subscriptions))


def read(tenant: Tenant, wanted: Wanted, *faults: Fault) -> list[str]:
    with scan_of(tenant, *faults, wanted=wanted) as (tables, _, _):
        return sorted(tables.workspaces["subscription_id"])


def test_all_visible_subscriptions_are_read_unless_some_are_asked_for() -> None:
    assert read(TENANT, Wanted()) == IDS


def test_a_subscription_is_found_by_id_in_any_case_or_by_its_exact_name() -> None:
    wanted = Wanted(subscriptions=(IDS[0].upper(), NAMES[IDS[3]]))
    assert read(TENANT, wanted) == [IDS[0], IDS[3]]


def test_excluded_subscriptions_are_not_read() -> None:
    assert read(TENANT, Wanted(excluded=(IDS[1], NAMES[IDS[2]]))) == [IDS[0], IDS[3], IDS[4]]


def test_a_subscription_not_asked_for_is_shown_as_such_and_is_no_gap() -> None:
    with scan_of(TENANT, wanted=Wanted(subscriptions=(IDS[0],))) as (tables, _, _):
        others = tables.subscriptions[tables.subscriptions["subscription_id"].ne(IDS[0])]
        assert others["read"].isna().all()
        assert others["left_out_by"].eq(f"subscriptions: {IDS[0]}").all()
        assert others["note"].str.startswith("Left out by subscriptions: ").all()
        assert tables.gaps.empty


def test_an_ambiguous_name_is_an_error_that_lists_the_ids() -> None:
    twins = renamed(TENANT, {IDS[0]: "twin", IDS[1]: "twin"})
    with pytest.raises(ScopeError) as caught:
        read(twins, Wanted(subscriptions=("twin",)))
    assert IDS[0] in str(caught.value)
    assert IDS[1] in str(caught.value)


def test_subscriptions_that_share_a_name_are_still_two() -> None:
    twins = renamed(TENANT, {IDS[0]: "twin", IDS[1]: "twin"})
    assert read(twins, Wanted()) == IDS


def test_an_unknown_name_is_an_error_that_lists_what_is_visible() -> None:
    with pytest.raises(ScopeError, match=NAMES[IDS[0]]):
        read(TENANT, Wanted(subscriptions=("nowhere",)))


def test_an_id_nobody_sees_is_a_gap_and_the_others_are_read() -> None:
    absent = "00000000-0000-4000-8000-00000000dead"
    with scan_of(TENANT, wanted=Wanted(subscriptions=(IDS[0], absent))) as (tables, _, _):
        assert tables.workspaces["subscription_id"].tolist() == [IDS[0]]
        (gap,) = rows(tables.gaps)
        assert gap["subscription_id"] == absent
        row = next(r for r in rows(tables.subscriptions) if r["subscription_id"] == absent)
        assert not row["read"]
        assert "not" in row["note"].lower()


def test_an_identity_that_sees_nothing_leaves_a_gap_not_a_clean_bill() -> None:
    with scan_of(replace(TENANT, subscriptions=())) as (tables, _, _):
        assert tables.gaps["code"].tolist() == ["NoSubscriptionVisible"]


@pytest.mark.parametrize(
    ("fault", "seen", "code"),
    [
        (Fault(kind=FaultKind.NULL_VALUE, page=2), 2, "ValueNotAList"),
        (Fault(kind=FaultKind.NEXT_LINK_LOOP), 2, "NextLinkLoop"),
        (Fault(kind=FaultKind.FOREIGN_NEXT_LINK, page=2), 4, "ForeignNextLink"),
        (Fault(kind=FaultKind.STATUS, status=403, page=3), 4, "AuthorizationFailed"),
        (Fault(kind=FaultKind.TRUNCATE, page=2), 2, ""),
        (Fault(kind=FaultKind.RESET, page=2), 2, ""),
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_list_of_subscriptions_that_breaks_off_is_read_as_far_as_it_goes(
    fault: Fault, seen: int, code: str
) -> None:
    with scan_of(TENANT, replace(fault, route="subscriptions")) as (tables, _, emulator):
        assert len(tables.subscriptions) == seen
        assert len(tables.workspaces) == seen
        (gap,) = rows(tables.gaps)
        assert gap["asked"] == "subscriptions"
        assert code in str(gap["code"])
        assert not emulator.foreign_host_hits


def test_a_management_group_means_every_subscription_below_it() -> None:
    tenant = demo_tenant()
    group = next(iter(tenant.management_groups))
    below = {
        str(item["name"]).lower()
        for item in tenant.management_groups[group]
        if str(item["type"]).lower().endswith("/subscriptions")
    }
    with scan_of(tenant, wanted=Wanted(management_groups=(group,))) as (tables, payloads, _):
        asked = tables.subscriptions[tables.subscriptions["read"].notna()]
        assert set(asked["subscription_id"].str.lower()) == below
        assert "descendants" in {payload.kind for payload in payloads}


def test_a_management_group_nobody_may_read_is_a_gap_if_anything_else_is_wanted() -> None:
    forbidden = Fault(kind=FaultKind.STATUS, status=403, route="descendants")
    subscription = str(TENANT.subscriptions[0]["subscriptionId"])
    wanted = Wanted(management_groups=("corp",), subscriptions=(subscription,))
    with scan_of(TENANT, forbidden, wanted=wanted) as (tables, _, _):
        assert set(tables.gaps["asked"]) == {"descendants"}
        assert not tables.workspaces.empty


def test_a_missing_management_group_is_a_usage_error_whatever_else_is_wanted() -> None:
    missing = Fault(kind=FaultKind.STATUS, status=404, code="NotFound", route="descendants")
    subscription = str(TENANT.subscriptions[0]["subscriptionId"])
    wanted = Wanted(management_groups=("crop",), subscriptions=(subscription,))
    with (
        pytest.raises(ScopeError, match=r"There is no management group 'crop'"),
        scan_of(TENANT, missing, wanted=wanted),
    ):
        pass


def test_tenant_state_and_delegation_are_recorded() -> None:
    with scan_of(demo_tenant(), page_size=50) as (tables, _, _):
        frame = tables.subscriptions
        assert frame["state"].ne("Enabled").any()
        assert frame["managed_by_tenants"].fillna("").ne("").any()
        assert frame["tenant_id"].notna().all()


@pytest.mark.parametrize("group", ["../x", "a/b", "", "a?b", "..", "Corporate Landing Zones"])
def test_only_the_id_of_a_management_group_is_asked_for(group: str) -> None:
    with (
        pytest.raises(ScopeError, match="not the id of a management group"),
        scan_of(TENANT, wanted=Wanted(management_groups=(group,))),
    ):
        pass


@pytest.mark.parametrize("group", ["crop"])
def test_a_management_group_that_does_not_exist_is_a_usage_error(group: str) -> None:
    with (
        pytest.raises(ScopeError, match="az account management-group list"),
        scan_of(TENANT, wanted=Wanted(management_groups=(group,))),
    ):
        pass


def test_a_subscription_excluded_by_name_is_not_read_although_the_list_hides_it() -> None:
    hidden = Fault(kind=FaultKind.RAW, status=200, route="subscriptions", body='{"value": []}')
    first = TENANT.subscriptions[0]
    wanted = Wanted(subscriptions=(str(first["subscriptionId"]),), excluded=(str(first["displayName"]),))
    with scan_of(TENANT, hidden, wanted=wanted) as (tables, _, _):
        assert tables.workspaces.empty


def test_a_group_of_a_policy_that_does_not_exist_is_a_gap() -> None:
    with scan_of(TENANT, wanted=Wanted(known_groups=("crop",))) as (tables, _, _):
        assert tables.gaps["asked"].tolist() == ["descendants"]
