"""RES001, RES002 and RES005 behind a network security perimeter, and RES014 to RES016."""

from __future__ import annotations

from itertools import product

import pytest

from checks.network.perimeters import GOVERNOR
from tests.support.tables.checks import SUBSCRIPTION, Row, findings_of
from tests.support.tables.dependencies import dependency, of_dependency, place

SUBSCRIPTION_RULE = f"/subscriptions/{SUBSCRIPTION}"
RULES = {
    "none": ("", ""),
    "/24": ("20.1.2.0/24", ""),
    "all": ("0.0.0.0/0", ""),
    "subscription": ("", SUBSCRIPTION_RULE),
}
ACCESS = ("Enabled", "Disabled", "SecuredByPerimeter")
MODES = ("", "Learning", "Enforced")


def behind(mode: str | None, rule: str = "none", role: str = "storage", **values: object) -> Row:
    """A dependency that was read, with a perimeter in that mode and one of `RULES`."""
    prefixes, subscriptions = RULES[rule]
    perimeter = {
        "perimeter_status": "read",
        "perimeter_access_mode": mode,
        "perimeter_prefixes": prefixes,
        "perimeter_subscriptions": subscriptions,
        "perimeter_issues": "",
    }
    return {**dependency(role), "default_action": "Deny", "ip_rules": "", **perimeter, **values}


def expected(access: str, mode: str, rule: str, is_own_open: bool) -> str:
    """The status by the table of Microsoft's page, written out."""
    own, around = is_own_open, rule in {"all", "subscription"}
    table = {
        ("Enabled", ""): own,
        ("Enabled", "Learning"): own or around,
        ("Enabled", "Enforced"): around,
        ("Disabled", ""): False,
        ("Disabled", "Learning"): around,
        ("Disabled", "Enforced"): around,
        ("SecuredByPerimeter", ""): False,
        ("SecuredByPerimeter", "Learning"): around,
        ("SecuredByPerimeter", "Enforced"): around,
    }
    return "fail" if table[access, mode] else "pass"


@pytest.mark.parametrize("own", ["Deny", "Allow"])
@pytest.mark.parametrize(("access", "mode", "rule"), [*product(ACCESS, MODES, RULES)])
@pytest.mark.parametrize(("check_id", "role"), [("RES001", "storage"), ("RES002", "vault")])
def test_the_perimeter_and_the_resource_decide_by_the_published_table(
    check_id: str, role: str, access: str, mode: str, rule: str, own: str
) -> None:
    row = behind(mode, rule if mode else "none", role, public_network_access=access, default_action=own)
    wanted = expected(access, mode, rule if mode else "none", own == "Allow")
    assert of_dependency(check_id, row)["status"] == wanted


def test_the_table_has_every_combination() -> None:
    assert len(GOVERNOR) == len(ACCESS) * len(MODES)


@pytest.mark.parametrize("access", ACCESS)
def test_res001_a_perimeter_that_may_not_be_read_leaves_the_resource_unknown(access: str) -> None:
    row = behind(None, public_network_access=access, perimeter_status="unreadable")
    assert of_dependency("RES001", row)["status"] == "unknown"


@pytest.mark.parametrize("status", ["missing", None])
@pytest.mark.parametrize(
    ("access", "wanted"), [("Enabled", "pass"), ("Disabled", "pass"), ("SecuredByPerimeter", "unknown")]
)
def test_res001_a_perimeter_that_does_not_exist_counts_as_none(
    status: str | None, access: str, wanted: str
) -> None:
    row = behind(None, public_network_access=access, perimeter_status=status)
    found = of_dependency("RES001", row)
    assert found["status"] == wanted
    assert wanted == "unknown" or "perimeter could not be read" in found["reason"]


def test_a_policy_allows_a_subscription() -> None:
    row = behind("Enforced", "subscription", public_network_access="Disabled")
    rows: dict[str, list[Row]] = {"workspaces": [place()], "associated_resources": [row]}
    for check_id in ("RES001", "RES014"):
        assert list(findings_of(check_id, **rows)["status"]) == ["fail"]
        allowed = findings_of(check_id, {"allowed_subscriptions": [SUBSCRIPTION.upper()]}, **rows)
        assert list(allowed["status"]) == ["pass"]


@pytest.mark.parametrize(
    ("mode", "rule", "status"),
    [
        ("Enforced", "none", "pass"),
        ("Learning", "/24", "pass"),
        ("Enforced", "all", "fail"),
        ("Learning", "subscription", "fail"),
        ("", "none", "not-applicable"),
        (None, "none", "unknown"),
    ],
)
def test_res014_inbound_rules_are_narrow(mode: str | None, rule: str, status: str) -> None:
    assert of_dependency("RES014", behind(mode, rule))["status"] == status


@pytest.mark.parametrize(
    ("mode", "status"),
    [
        ("Enforced", "pass"),
        ("enforced", "pass"),
        ("Learning", "fail"),
        ("Audit", "fail"),
        ("Perhaps", "unknown"),
        (None, "unknown"),
        ("", "not-applicable"),
    ],
)
def test_res015_the_perimeter_is_enforced(mode: str | None, status: str) -> None:
    assert of_dependency("RES015", behind(mode))["status"] == status


@pytest.mark.parametrize(
    ("issues", "status"), [("", "pass"), ("ConfigurationPropagationFailure: …", "fail"), (None, "unknown")]
)
def test_res016_the_perimeter_is_provisioned(issues: str | None, status: str) -> None:
    assert of_dependency("RES016", behind("Enforced", perimeter_issues=issues))["status"] == status


@pytest.mark.parametrize("check_id", ["RES014", "RES015", "RES016"])
def test_a_perimeter_that_was_not_read_is_unknown_and_one_of_others_is_not_judged(check_id: str) -> None:
    assert of_dependency(check_id, behind(None, perimeter_status="unreadable"))["status"] == "unknown"
    other = of_dependency(check_id, behind("", role="registry"))
    assert (other["status"], other["reason"]) == (
        "not-applicable",
        "Only storage accounts and key vaults are asked.",
    )


@pytest.mark.parametrize(("rule", "status"), [("subscription", "pass"), ("none", "fail"), ("all", "fail")])
def test_res005_an_enforced_perimeter_does_not_honour_the_bypass(rule: str, status: str) -> None:
    row = behind("Enforced", rule, bypass="AzureServices", resource_access_rules="")
    assert of_dependency("RES005", row)["status"] == status
