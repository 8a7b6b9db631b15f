"""The sentence of a reach answer names the value that decides nothing."""

import pytest

from checks.network.destinations import Host
from checks.network.outbound_rules import OutboundRule
from checks.network.reach_answers import ManagedNetwork, reach_answer

OPEN = OutboundRule(type="FQDN", status="Active", fqdn="pypi.org")
TAG = OutboundRule(
    type="ServiceTag",
    status="Active",
    action="Allow",
    service_tag="Internet",
    protocol="TCP",
    port_ranges="443",
    address_prefixes="",
)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"type": "Tunnel", "action": "Allow"}, "The type of the rule r is Tunnel."),
        ({"type": None, "action": "Deny"}, "The type of the rule r is not reported."),
        ({"status": "Paused"}, "The status of the rule r is Paused."),
        ({"status": None}, "The status of the rule r is not reported."),
        ({"action": "Mirror"}, "The action of the rule r is Mirror."),
        ({"port_ranges": None}, "The rule r may include it: DNS decides whether the host has an address"),
    ],
)
def test_the_reason_names_the_value_that_decides_nothing(change: dict[str, str | None], reason: str) -> None:
    rule = OutboundRule(**{**vars(TAG), **change})
    network = ManagedNetwork(mode="AllowOnlyApprovedOutbound", rules={"r": rule})
    found = reach_answer(network, Host(name="pypi.org"))
    assert (found.answer, found.rule) == ("unknown", "r")
    assert found.reason.startswith(reason)


@pytest.mark.parametrize(
    ("count", "more"), [(2, " 1 more rule may open it."), (3, " 2 more rules may open it.")]
)
def test_further_rules_that_may_open_are_counted(count: int, more: str) -> None:
    unsure = OutboundRule(**{**vars(OPEN), "status": None})
    network = ManagedNetwork(
        mode="AllowOnlyApprovedOutbound", rules={f"r{number}": unsure for number in range(count)}
    )
    assert reach_answer(network, Host(name="pypi.org")).reason.endswith(more)
