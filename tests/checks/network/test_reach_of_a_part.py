"""A question about many addresses, hosts or regions: what is true of the whole is true of each part."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.network.destinations import Address, Destination, Host, Service
from checks.network.outbound_rules import OutboundRule
from checks.network.reach_answers import ManagedNetwork, reach_answer

INTERNET, APPROVED = "AllowInternetOutbound", "AllowOnlyApprovedOutbound"


def by_tag(tag: str, prefixes: str = "", action: str = "Allow") -> OutboundRule:
    return OutboundRule(
        type="ServiceTag",
        status="Active",
        action=action,
        service_tag=tag,
        protocol="*",
        port_ranges="*",
        address_prefixes=prefixes,
    )


def by_name(host: str) -> OutboundRule:
    return OutboundRule(type="FQDN", status="Active", fqdn=host)


def at(text: str) -> Address:
    return Address(network=ip_network(text), tags=frozenset())


def network(*rules: OutboundRule, mode: str = APPROVED) -> ManagedNetwork:
    return ManagedNetwork(mode=mode, rules={f"r{number}": rule for number, rule in enumerate(rules)})


@pytest.mark.parametrize(
    ("rules", "destination", "answer", "reason"),
    [
        ([by_tag("Sql", "20.1.2.0/24")], at("20.1.0.0/16"), "unknown", "The rule r0 opens a part of it."),
        ([by_tag("Sql", "20.1.2.0/24")], at("20.1.2.128/25"), "allowed", "The rule r0 opens it."),
        ([by_tag("Sql", "20.1.2.0/24")], at("20.1.3.0/24"), "blocked", "No outbound rule in force opens it."),
        ([by_tag("Sql", "20.0.0.0/9,20.128.0.0/9")], at("20.0.0.0/8"), "allowed", "The rule r0 opens it."),
        (
            [by_tag("Sql", "0.0.0.0/1,128.0.0.0/1")],
            Host(name="x.example"),
            "allowed",
            "The rule r0 opens it.",
        ),
        ([by_tag("Sql", "0.0.0.0/0")], at("2603:1030::1"), "blocked", "No outbound rule in force opens it."),
        ([by_tag("Sql", "::/0")], at("2603:1030::1"), "allowed", "The rule r0 opens it."),
        ([by_tag("Sql", "0.0.0.0/0")], at("10.1.2.3"), "allowed", "The rule r0 opens it."),
        (
            [by_name("a.contoso.example")],
            Host(name="*.contoso.example"),
            "unknown",
            "The rule r0 opens a part of it.",
        ),
        (
            [by_name("*.b.contoso.example")],
            Host(name="*.contoso.example"),
            "unknown",
            "The rule r0 opens a part of it.",
        ),
        (
            [by_name("*.contoso.example")],
            Host(name="*.b.contoso.example"),
            "allowed",
            "The rule r0 opens it.",
        ),
        (
            [by_name("a.contoso.example")],
            Host(name="*.c.example"),
            "blocked",
            "No outbound rule in force opens it.",
        ),
        ([by_name("a.contoso.example")], Host(name="*"), "blocked", "No outbound rule in force opens it."),
        ([by_tag("Storage.westus")], Service(tag="Storage"), "unknown", "The rule r0 opens a part of it."),
        ([by_tag("Storage")], Service(tag="Storage.westus"), "allowed", "The rule r0 opens it."),
        (
            [by_tag("Storage.westus")],
            Service(tag="Storage.eastus"),
            "blocked",
            "No outbound rule in force opens it.",
        ),
        ([by_tag("AzureCloud")], Service(tag="Storage.westus"), "allowed", "The rule r0 opens it."),
        (
            [by_tag("AzureFrontDoor.Frontend")],
            Service(tag="AzureFrontDoor"),
            "unknown",
            "The rule r0 opens a part of it.",
        ),
        (
            [by_tag("AzureFrontDoor")],
            Service(tag="AzureFrontDoor.Frontend"),
            "allowed",
            "The rule r0 opens it.",
        ),
        ([by_tag("Storage")], Service(tag="Internet"), "blocked", "No outbound rule in force opens it."),
        (
            [by_tag("VirtualNetwork")],
            Service(tag="Internet"),
            "blocked",
            "No outbound rule in force opens it.",
        ),
        (
            [by_tag("Internet")],
            Service(tag="VirtualNetwork"),
            "blocked",
            "No outbound rule in force opens it.",
        ),
    ],
)
def test_a_part_is_never_the_whole(
    rules: list[OutboundRule], destination: Destination, answer: str, reason: str
) -> None:
    found = reach_answer(network(*rules), destination)
    assert (found.answer, found.reason) == (answer, reason)


@pytest.mark.parametrize(
    ("rule", "asked", "why"),
    [
        (
            by_tag("AzureCloud.westeurope"),
            Service(tag="Storage"),
            "the two service tags have addresses in common",
        ),
        (
            by_tag("LogicAppsManagement"),
            Service(tag="LogicApps"),
            "the two service tags have addresses in common",
        ),
        (by_tag("Sql", "20.1.2.0/24"), Service(tag="Storage"), "the addresses of the service tag decide"),
    ],
)
def test_the_reason_names_what_would_decide(rule: OutboundRule, asked: Destination, why: str) -> None:
    found = reach_answer(network(rule), asked)
    assert (found.answer, found.reason) == ("unknown", f"The rule r0 may include it: {why}.")


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("20.1.0.0/16", "allowed"),
        ("10.0.0.0/8", "blocked"),
        ("10.0.0.0/7", "unknown"),
        ("0.0.0.0/0", "unknown"),
    ],
)
def test_the_internet_is_what_is_public(asked: str, answer: str) -> None:
    assert reach_answer(network(mode=INTERNET), at(asked)).answer == answer


def test_a_denial_of_a_part_leaves_the_whole_unknown() -> None:
    whole, part = by_tag("Sql", "20.1.0.0/16"), by_tag("Sql", "20.1.2.0/24", action="Deny")
    found = reach_answer(network(whole, part), at("20.1.0.0/16"))
    assert found.answer == "unknown"
    assert "r1 may deny it" in found.reason
    assert reach_answer(network(whole, part), at("20.1.3.0/24")).answer == "allowed"


PREFIXES = st.lists(
    st.sampled_from(
        [
            "20.0.0.0/8",
            "20.1.0.0/16",
            "20.1.2.0/24",
            "20.1.3.0/24",
            "20.0.0.0/9",
            "20.128.0.0/9",
            "10.0.0.0/8",
            "::/0",
        ]
    ),
    min_size=1,
    max_size=3,
).map(",".join)
NETWORKS_ASKED = ("20.0.0.0/8", "20.1.0.0/16", "20.1.2.0/23", "10.0.0.0/7", "0.0.0.0/0", "2603::/16")
POINTS = ("20.1.2.3", "20.1.3.3", "20.200.0.1", "10.0.0.1", "11.0.0.1", "2603::1")
ASKED: list[tuple[Any, Any]] = [
    *(
        (at(whole), at(point))
        for whole, point in product(NETWORKS_ASKED, POINTS)
        if ip_network(whole).version == ip_network(point).version
        and ip_network(point).network_address in ip_network(whole)
    ),
    *((Host(name="*.example"), Host(name=f"{label}.example")) for label in ("a", "b.a", "*.a")),
    *((Service(tag=tag), Service(tag=f"{tag}.westus")) for tag in ("Storage", "Sql", "AzureCloud")),
    (Service(tag="AzureFrontDoor"), Service(tag="AzureFrontDoor.Frontend")),
]
RULES = st.lists(
    st.one_of(
        st.builds(by_tag, st.just("Sql"), PREFIXES, st.sampled_from(["Allow", "Allow", "Deny"])),
        st.builds(
            by_tag,
            st.sampled_from(["Storage", "Storage.westus", "Sql.eastus", "AzureCloud", "AzureFrontDoor"]),
        ),
        st.builds(by_name, st.sampled_from(["a.example", "*.a.example", "*.example", "*"])),
    ),
    max_size=3,
)


@settings(max_examples=1000)
@given(rules=RULES, asked=st.sampled_from(ASKED), mode=st.sampled_from([APPROVED, APPROVED, INTERNET]))
def test_an_answer_about_the_whole_holds_for_each_part(
    rules: list[OutboundRule], asked: tuple[Any, Any], mode: str
) -> None:
    audited = replace(network(*rules), mode=mode)
    whole, part = (reach_answer(audited, each).answer for each in asked)
    assert (whole, part) not in {("allowed", "blocked"), ("blocked", "allowed")}
