"""Reach against a brute-force oracle: it tries every possible world and sends a packet through the rules of each.

A world settles what nobody reported or documented: the address behind a host, the tags that include an address, a
missing status or action, whether an opening or a denial wins, and what the customer's own network allows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from checks.network.destinations import Address, Destination, Host
from checks.network.outbound_rules import OutboundRule
from checks.network.reach_answers import ManagedNetwork, reach_answer

INTERNET, APPROVED, DISABLED = "AllowInternetOutbound", "AllowOnlyApprovedOutbound", "Disabled"
GROUP = "/subscriptions/s/resourceGroups/g/providers"
STORE, VAULT = f"{GROUP}/Microsoft.Storage/storageAccounts/sa", f"{GROUP}/Microsoft.KeyVault/vaults/kv"

TAGS_OF_HOST = {
    "pypi.org": ("Storage", "AppService"),
    "sa.blob.core.windows.net": ("Storage",),
    "kv.vault.azure.net": ("AzureKeyVault",),
}
"""The tags that may include each host's address. A web site of a customer may be behind two of them."""
SURE_TAGS = {"sa.blob.core.windows.net": "Storage"}
"""The tag that certainly includes a host's address, because it lists every address of the service."""
TARGET_OF_HOST = {"sa.blob.core.windows.net": (STORE, "blob"), "kv.vault.azure.net": (VAULT, "vault")}
ADDRESSES = ("20.1.2.3", "20.1.9.9", "13.0.0.1")
"""Addresses that a host may have: inside the first prefix, inside the second only, and outside both."""
PREFIXES = ("20.1.2.0/24", "20.1.0.0/16", "0.0.0.0/0", "10.0.0.0/8")


@dataclass(frozen=True, kw_only=True)
class World:
    """What is true where nothing was reported."""

    address: str
    tags: frozenset[str]
    missing_status: str
    allow_wins: bool
    own_network: bool


def worlds(destination: Destination) -> Iterator[World]:
    name = destination.name if isinstance(destination, Host) else ""
    own = [str(destination.network.network_address)] if isinstance(destination, Address) else list(ADDRESSES)
    candidates = TAGS_OF_HOST.get(name, ("Storage", "AppService", "AzureKeyVault", "AzureMonitor"))
    for address, chosen, status, wins, open_ in product(
        own,
        product([False, True], repeat=len(candidates)),
        ("Active", "Inactive"),
        (False, True),
        (False, True),
    ):
        tags = {tag for tag, is_in in zip(candidates, chosen, strict=True) if is_in}
        if name in SURE_TAGS and SURE_TAGS[name] not in tags:
            continue
        yield World(
            address=address,
            tags=frozenset(tags),
            missing_status=status,
            allow_wins=wins,
            own_network=open_,
        )


def passes(network: ManagedNetwork, destination: Destination, world: World) -> bool:
    """Return whether a packet gets through in this world."""
    if network.mode == INTERNET:
        return True
    if network.mode != APPROVED:
        return world.own_network
    actions = {_action(rule, destination, world) for rule in network.rules.values()}
    return "allow" in actions and ("deny" not in actions or world.allow_wins)


def _action(rule: OutboundRule, destination: Destination, world: World) -> str:
    assert isinstance(destination, Host | Address)
    name = destination.name if isinstance(destination, Host) else None
    if (rule.status or world.missing_status) != "Active":
        return ""
    if rule.type == "FQDN":
        labels = (rule.fqdn or "").removeprefix("*.")
        is_named = name == rule.fqdn or (
            (rule.fqdn or "").startswith("*.") and (name or "").endswith(f".{labels}")
        )
        is_web = destination.protocol == "TCP" and destination.port in (80, 443)
        return "allow" if is_named and is_web and name != "sa.blob.core.windows.net" else ""
    if rule.type == "PrivateEndpoint":
        target = rule.service_resource_id, rule.subresource_target
        return "allow" if name and TARGET_OF_HOST.get(name) == target else ""
    low, _, high = (rule.port_ranges or "").partition("-")
    in_ports = int(low) <= destination.port <= int(high or low)
    if not in_ports or rule.protocol not in {"*", destination.protocol}:
        return ""
    if rule.address_prefixes:
        is_inside = ip_address(world.address) in ip_network(rule.address_prefixes)
    else:
        is_inside = rule.service_tag == "Internet" or rule.service_tag in world.tags
    return ("deny" if rule.action == "Deny" else "allow") if is_inside else ""


def truth(network: ManagedNetwork, destination: Destination) -> str:
    results = {passes(network, destination, world) for world in worlds(destination)}
    return "unknown" if len(results) == 2 else "allowed" if True in results else "blocked"


STATUSES = st.sampled_from(["Active", "Active", "Active", "Inactive", None])
NAME_RULES = st.builds(
    OutboundRule,
    type=st.just("FQDN"),
    status=STATUSES,
    fqdn=st.sampled_from([*TAGS_OF_HOST, "*.org", "*.windows.net", "*.vault.azure.net"]),
)
TAG_RULES = st.builds(
    OutboundRule,
    type=st.just("ServiceTag"),
    status=STATUSES,
    action=st.sampled_from(["Allow", "Allow", "Deny", None]),
    service_tag=st.sampled_from(["Internet", "Storage", "AppService", "AzureKeyVault", "AzureMonitor"]),
    protocol=st.sampled_from(["TCP", "UDP", "*"]),
    port_ranges=st.sampled_from(["443", "80", "22-443", "8080"]),
    address_prefixes=st.sampled_from(["", "", *PREFIXES]),
)
ENDPOINT_RULES = st.one_of(
    *(
        st.builds(
            OutboundRule,
            type=st.just("PrivateEndpoint"),
            status=STATUSES,
            service_resource_id=st.just(target),
            subresource_target=st.sampled_from(parts),
        )
        for target, parts in ((STORE, ["blob", "file"]), (VAULT, ["vault"]))
    )
)
NETWORKS = st.builds(
    ManagedNetwork,
    mode=st.sampled_from([APPROVED, APPROVED, APPROVED, INTERNET, DISABLED, ""]),
    rules=st.lists(st.one_of(NAME_RULES, TAG_RULES, ENDPOINT_RULES), max_size=4).map(
        lambda rules: {f"rule-{n}": rule for n, rule in enumerate(rules)}
    ),
)
PORTS = st.sampled_from([80, 443, 22, 8080])
DESTINATIONS = st.one_of(
    st.builds(
        Host, name=st.sampled_from([*TAGS_OF_HOST]), port=PORTS, protocol=st.sampled_from(["TCP", "UDP"])
    ),
    st.builds(
        Address,
        network=st.sampled_from(ADDRESSES).map(ip_network),
        port=PORTS,
        protocol=st.sampled_from(["TCP", "UDP"]),
    ),
)


@settings(max_examples=2000)
@given(network=NETWORKS, destination=DESTINATIONS)
def test_reach_is_never_surer_than_every_possible_world(
    network: ManagedNetwork, destination: Destination
) -> None:
    found, expected = reach_answer(network, destination).answer, truth(network, destination)
    assert found in {expected, "unknown"}


@settings(max_examples=500)
@given(network=NETWORKS, destination=DESTINATIONS)
def test_reach_is_unknown_only_where_worlds_differ_or_a_rule_denies(
    network: ManagedNetwork, destination: Destination
) -> None:
    if any(rule.action == "Deny" or rule.status is None for rule in network.rules.values()):
        return
    assert reach_answer(network, destination).answer == truth(network, destination)


@given(network=NETWORKS, destination=DESTINATIONS)
def test_an_answer_names_an_existing_rule_and_says_why(
    network: ManagedNetwork, destination: Destination
) -> None:
    found = reach_answer(network, destination)
    assert found.reason.endswith(".")
    assert found.rule == "" or found.rule in network.rules
