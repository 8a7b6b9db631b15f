"""What rules of a scope leave out, over real HTTP: by resource group, tag, management group, state and quotaId."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.contract.tables import Tables
from checks.registry import registry
from scanner.audit import audited
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.tenants.tenant import Tenant
from scanner.errors import ScopeError
from scanner.payloads.payload import Payload
from scanner.policies import loaded
from scanner.reading.collection import EVERYTHING
from scanner.scope.wanted import Wanted
from scanner.scope.workspaces import left_out_by, undecided
from tests.support.scanning import NOON, rows, scan_of
from tests.support.worlds.scopes import (
    HUB,
    OLD,
    OWNER,
    PLAIN,
    PROJECT,
    RETIRED,
    SILENT,
    SPEECH,
    TEAMS,
    VISION,
    team_tenant,
)

TENANT = team_tenant()
EVERY = {site.name for site in (HUB, PROJECT, VISION, SPEECH, PLAIN, SILENT, RETIRED)}


def read(wanted: Wanted, *faults: Fault, tenant: Tenant = TENANT) -> tuple[Tables, list[Payload]]:
    with scan_of(tenant, *faults, wanted=wanted, collection=EVERYTHING) as (tables, payloads, _):
        return tables, payloads


def in_scope(tables: Tables) -> set[str]:
    return set(tables.workspaces.loc[tables.workspaces["left_out_by"].isna(), "workspace"])


def left_out(tables: Tables, what: str = "workspace") -> Mapping[str, dict[str, Any]]:
    return {row["name"]: row for row in rows(tables.left_out) if row["left_out"] == what}


def asked_below(payloads: list[Payload], name: str) -> set[str]:
    """The kinds of everything that was asked about a workspace or below it."""
    return {each.kind for each in payloads if f"/workspaces/{name}" in each.url.lower()}


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        (Wanted(), EVERY),
        (Wanted(resource_groups=("RG-TEAM-A",)), {"prj-vision", "mlw-vision"}),
        (Wanted(resource_groups=("rg-team-?", "rg-OLD")), EVERY - {"hub-shared"}),
        (Wanted(tags={"ENV": ("prod*",)}), {"prj-vision", "mlw-vision", "mlw-silent", "mlw-retired"}),
        (Wanted(tags={"env": ("DEV", "prod")}), {"prj-vision", "mlw-speech", "mlw-silent", "mlw-retired"}),
        (Wanted(tags={"env": ("*",), "owner": ("*",)}), {"mlw-vision", "mlw-silent"}),
        (Wanted(tags={"env": ("prod*",)}, resource_groups=("rg-team-a",)), {"prj-vision", "mlw-vision"}),
        (Wanted(excluded_states=("disabled",)), EVERY - {"mlw-retired"}),
        (Wanted(excluded_quota_ids=("msdn_*",)), EVERY - {"mlw-retired"}),
        (Wanted(excluded_management_groups=("SANDBOX",)), EVERY - {"mlw-retired"}),
        (
            Wanted(management_groups=("corp",), excluded_management_groups=("sandbox",)),
            EVERY - {"mlw-retired"},
        ),
        (Wanted(subscriptions=(OLD,)), {"mlw-retired"}),
    ],
)
def test_a_scope_reads_what_its_rules_match_in_any_case_and_lists_the_rest(
    wanted: Wanted, kept: set[str]
) -> None:
    tables, _ = read(wanted)
    assert in_scope(tables) == kept
    assert tables.gaps.empty
    below_left_out = {RETIRED.name} if OLD in set(tables.left_out["subscription_id"]) - {TEAMS} else set()
    if "Teams" in left_out(tables, "subscription"):
        below_left_out = EVERY - {RETIRED.name}
    assert left_out(tables).keys() | kept | below_left_out == EVERY
    assert not left_out(tables).keys() & kept


def test_every_row_of_what_is_left_out_names_its_rule_and_what_decided() -> None:
    wanted = Wanted(
        resource_groups=("rg-team-a", "rg-team-b"), tags={"env": ("prod*",)}, excluded_states=("Disabled",)
    )
    tables, _ = read(wanted)
    speech, plain, hub = (left_out(tables)[site.name] for site in (SPEECH, PLAIN, HUB))
    assert (speech["rule"], speech["why"]) == ("tags: env=prod*", "its tag env is dev")
    assert plain["why"] == "it has no tag env"
    assert hub["rule"] == "resource_groups: rg-team-a, rg-team-b"
    assert hub["why"] == "its resource group is rg-platform"
    old = left_out(tables, "subscription")["Old lab"]
    assert (old["rule"], old["why"]) == ("exclude.states: Disabled", "its state is Disabled")
    row = next(each for each in rows(tables.subscriptions) if each["subscription_id"] == OLD)
    assert row["left_out_by"] == "exclude.states: Disabled"
    assert row["note"] == "Left out by exclude.states: Disabled: its state is Disabled."
    teams = next(each for each in rows(tables.subscriptions) if each["subscription_id"] == TEAMS)
    assert (teams["workspaces"], teams["workspaces_left_out"]) == (6, 3)


def test_tags_that_were_not_read_leave_a_workspace_in_scope_with_a_note() -> None:
    tables, _ = read(Wanted(tags={"env": ("prod",)}))
    row = next(each for each in rows(tables.subscriptions) if each["subscription_id"] == TEAMS)
    assert row["note"] == "In scope because Azure did not show what tags: env asks for: mlw-silent."


def test_a_state_and_an_offer_that_were_not_reported_leave_a_subscription_in_scope_with_a_note() -> None:
    bare = tuple(
        {name: value for name, value in item.items() if name not in ("state", "subscriptionPolicies")}
        for item in TENANT.subscriptions
    )
    wanted = Wanted(excluded_states=("Disabled",), excluded_quota_ids=("*",))
    tables, _ = read(wanted, tenant=replace(TENANT, subscriptions=bare))
    assert in_scope(tables) == EVERY
    assert tables.subscriptions["note"].str.contains("did not report the state").all()
    assert tables.subscriptions["note"].str.contains("did not report the quotaId").all()


def test_nothing_below_a_workspace_that_is_left_out_is_asked_for() -> None:
    tables, payloads = read(Wanted(resource_groups=("rg-team-b",)))
    for site in (HUB, PROJECT, VISION, RETIRED):
        assert not asked_below(payloads, site.name)
    assert asked_below(payloads, SPEECH.name)
    assert set(tables.outbound_rules["workspace_id"]) <= {SPEECH.id, PLAIN.id, SILENT.id}


def judged(tables: Tables) -> pd.DataFrame:
    policies = loaded(["baseline"], registry())
    audit = audited(tables, policies, source="test", is_azure=False, started_at=NOON, finished_at=NOON)
    return audit.findings.astype("string").fillna("")


def verdicts_of(tables: Tables, workspace_id: str) -> dict[tuple[str, str], tuple[str, str]]:
    findings = judged(tables)
    own = findings[findings["workspace_id"].str.lower().eq(workspace_id.lower())]
    keys = zip(own["check_id"], own["resource_id"].str.lower(), strict=True)
    return dict(zip(keys, zip(own["status"], own["observed"], strict=True), strict=True))


@pytest.mark.parametrize("hub_is_public", [True, False])
def test_a_project_has_the_verdicts_of_the_whole_scan_though_its_hub_is_left_out(
    *, hub_is_public: bool
) -> None:
    tenant = team_tenant(hub_is_public=hub_is_public)
    whole, _ = read(Wanted(), tenant=tenant)
    some, payloads = read(Wanted(resource_groups=("rg-team-a",)), tenant=tenant)
    assert verdicts_of(some, PROJECT.id) == verdicts_of(whole, PROJECT.id)
    assert "outboundRules" in asked_below(payloads, HUB.name)
    assert left_out(some)[HUB.name]["read_for"] == PROJECT.id
    assert not judged(some)["workspace_id"].str.lower().eq(HUB.id.lower()).any()


def test_a_hub_has_its_verdicts_though_its_project_is_left_out() -> None:
    whole, _ = read(Wanted())
    some, payloads = read(Wanted(resource_groups=("rg-platform",)))
    assert verdicts_of(some, HUB.id) == verdicts_of(whole, HUB.id)
    assert in_scope(some) == {HUB.name}
    assert not asked_below(payloads, PROJECT.name)


@pytest.mark.parametrize(
    ("wanted", "named"),
    [
        (Wanted(resource_groups=("rg-teem-a",)), r"resource_groups: rg-teem-a.*Did you mean rg-Team-a"),
        (Wanted(tags={"enviro": ("prod",)}, resource_groups=("rg-platform",)), r"tags: enviro=prod"),
        (
            Wanted(tags={"env": ("none",)}, excluded_states=("disabled",), resource_groups=("rg-p*",)),
            "tags: env=none",
        ),
        (Wanted(excluded_states=("Enabled", "Disabled")), r"exclude\.states: Enabled \(1\)"),
        (Wanted(excluded=(TEAMS, OLD)), r"exclude\.subscriptions"),
        (Wanted(subscriptions=(OLD,), excluded_quota_ids=("MSDN*",)), r"exclude\.quota_ids: MSDN\*"),
    ],
)
def test_a_scope_that_matches_nothing_is_a_gap_that_names_the_rule(wanted: Wanted, named: str) -> None:
    tables, _ = read(wanted)
    assert in_scope(tables) == set()
    (gap,) = rows(tables.gaps)
    assert gap["code"] == "NothingInScope"
    assert pd.Series([gap["message"]]).str.contains(named).all(), gap["message"]
    assert gap["message"] in gap["closes"]


def test_a_tenant_without_workspaces_does_not_meet_a_rule_about_them() -> None:
    tables, _ = read(Wanted(tags={"env": ("prod",)}), tenant=replace(TENANT, resources=()))
    assert rows(tables.gaps)[0]["code"] == "NothingInScope"


def test_a_group_to_leave_out_that_cannot_be_read_leaves_out_nothing_and_is_a_gap() -> None:
    refused = Fault(kind=FaultKind.STATUS, status=403, route="descendants")
    tables, _ = read(Wanted(excluded_management_groups=("sandbox",)), refused)
    assert in_scope(tables) == EVERY
    assert tables.gaps["asked"].tolist() == ["descendants"]


def test_a_group_to_leave_out_that_does_not_exist_is_an_error() -> None:
    absent = Fault(kind=FaultKind.STATUS, status=404, code="NotFound", route="descendants")
    with pytest.raises(ScopeError, match="There is no management group 'sandbax'"):
        read(Wanted(excluded_management_groups=("sandbax",)), absent)


def test_a_subscription_below_a_group_to_leave_out_is_not_asked_for() -> None:
    hidden = replace(TENANT, subscriptions=TENANT.subscriptions[:1])
    tables, payloads = read(
        Wanted(management_groups=("corp",), excluded_management_groups=("sandbox",)), tenant=hidden
    )
    assert tables.gaps.empty
    assert not any(each.kind == "subscription" for each in payloads)
    assert f"/subscriptions/{OLD}" in set(tables.left_out["left_out_id"])


def test_the_glob_of_an_owner_matches_the_pseudonym_of_an_address() -> None:
    from scanner.scope.file import scope_of_options, tags_of

    tables, _ = read(scope_of_options({}, tags_of([f"owner={OWNER.upper()}"])))
    assert in_scope(tables) == {VISION.name, SILENT.name}


NAMES = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=8)
GLOBS = st.lists(NAMES | st.sampled_from(["*", "a*", "?", "*b"]), min_size=1, max_size=3)
TAGS = st.none() | st.dictionaries(NAMES, NAMES | st.none() | st.just("[redacted]"), max_size=4)


@given(
    groups=st.lists(NAMES, max_size=2), tags=st.dictionaries(NAMES, GLOBS, max_size=2), group=NAMES, own=TAGS
)
def test_a_rule_decides_alike_in_every_case_and_unknown_tags_never_leave_out(
    groups: list[str], tags: dict[str, list[str]], group: str, own: dict[str, Any] | None
) -> None:
    wanted = Wanted(resource_groups=groups, tags=tags)
    loud = Wanted(
        resource_groups=[each.upper() for each in groups],
        tags={name.upper(): [glob.upper() for glob in globs] for name, globs in tags.items()},
    )
    decided = left_out_by(wanted, group, own)
    if len({name.lower() for name in own or ()}) == len(own or ()):
        assert (decided is None) == (left_out_by(loud, group, own) is None)
    if own is None and not groups:
        assert decided is None
        assert bool(undecided(wanted, group, own)) == bool(tags)
