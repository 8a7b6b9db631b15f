"""What rules let through: examples of every kind of rule, and laws of all of them together."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network as address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.network.claims import all_of, any_of
from checks.network.destinations import Address, Destination, Endpoint, Host, Service
from checks.network.hosts import covers_a_part, covers_host, is_storage, is_wildcard, reaches_storage
from checks.network.outbound_rules import OutboundRule
from checks.network.reachability import denies, opens, reachable

INTERNET, APPROVED, DISABLED = "AllowInternetOutbound", "AllowOnlyApprovedOutbound", "Disabled"
STORE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/sa"
SEARCH = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Search/searchServices/one"


def name(fqdn: str | None, status: str | None = "Active") -> OutboundRule:
    return OutboundRule(type="FQDN", fqdn=fqdn, status=status)


def tag(service_tag: str | None, action: str | None = "Allow", prefixes: str | None = "") -> OutboundRule:
    return OutboundRule(
        type="ServiceTag",
        status="Active",
        service_tag=service_tag,
        protocol="TCP",
        port_ranges="80, 443",
        address_prefixes=prefixes,
        action=action,
    )


def target(resource_id: str | None, part: str | None) -> OutboundRule:
    return OutboundRule(
        type="PrivateEndpoint", status="Active", service_resource_id=resource_id, subresource_target=part
    )


@pytest.mark.parametrize(
    ("rule", "destination", "answer"),
    [
        (name("pypi.org"), Host(name="PyPI.org."), True),
        (name("*.pytorch.org"), Host(name="download.pytorch.org"), True),
        (name("*.pytorch.org"), Host(name="pytorch.org"), False),
        (name("*.pytorch.org"), Host(name="*.pytorch.org"), True),
        (name("*.org"), Host(name="*.pytorch.org"), True),
        (name("files.pytorch.org"), Host(name="*.pytorch.org"), None),
        (name("*"), Host(name="*.pytorch.org"), True),
        (name("pypi.org"), Host(name="pypi.org", port=80), True),
        (name("pypi.org"), Host(name="pypi.org", port=22), False),
        (name(None), Host(name="pypi.org"), None),
        (name("pypi.org", "active"), Host(name="pypi.org"), True),
        (name("pypi.org", "Inactive"), Host(name="pypi.org"), False),
        (name("pypi.org", "Failed"), Host(name="pypi.org"), False),
        (name("pypi.org", None), Host(name="pypi.org"), None),
        (name("pypi.org", "Dreaming"), Host(name="pypi.org"), None),
        (name("pypi.org"), Service(tag="AzureMonitor"), False),
        (tag("Internet"), Host(name="*.pytorch.org"), True),
        (tag("internet"), Host(name="pypi.org", port=22), False),
        (replace(tag("Internet"), protocol="UDP"), Host(name="pypi.org"), False),
        (replace(tag("Internet"), protocol="*", port_ranges="*"), Host(name="pypi.org", port=22), True),
        (replace(tag("Internet"), protocol=None), Host(name="pypi.org"), None),
        (replace(tag("Internet"), port_ranges="some"), Host(name="pypi.org"), None),
        (tag("Internet", "Deny"), Host(name="pypi.org"), False),
        (tag("Internet", None), Host(name="pypi.org"), True),
        (tag("Internet", prefixes="20.1.2.3/32"), Host(name="pypi.org"), None),
        (tag("Internet", prefixes="10.1.2.3/32"), Host(name="pypi.org"), False),
        (tag("Internet", prefixes=None), Host(name="pypi.org"), None),
        (tag("Sql", prefixes="20.1.2.3/32, 0.0.0.0/0"), Host(name="pypi.org"), True),
        (tag("Sql", prefixes="everywhere"), Host(name="pypi.org"), None),
        (tag("Sql"), Host(name="pypi.org"), False),
        (tag(None), Host(name="pypi.org"), None),
        (tag("Storage"), Host(name="vscode.blob.core.windows.net"), True),
        (tag("AzureCloud"), Host(name="vscode.blob.core.windows.net"), True),
        (tag("Storage.westus"), Host(name="vscode.blob.core.windows.net"), None),
        (tag("Storage"), Host(name="pypi.org"), None),
        (tag("Storage"), Service(tag="storage.westus"), True),
        (tag("Storage.westus"), Service(tag="Storage"), None),
        (tag("Storage"), Service(tag="StorageSync"), False),
        (tag("Storage"), Service(tag="Storage", protocol="UDP"), False),
        (tag("Storage", prefixes="20.1.2.3/32"), Service(tag="Storage"), None),
        (tag("Storage"), Endpoint(resource_id=STORE, subresource="blob"), False),
        (target(STORE.upper(), "Blob"), Endpoint(resource_id=STORE, subresource="blob"), True),
        (target(STORE, "file"), Endpoint(resource_id=STORE, subresource="blob"), False),
        (target(SEARCH, "blob"), Endpoint(resource_id=STORE, subresource="blob"), False),
        (target(None, "blob"), Endpoint(resource_id=STORE, subresource="blob"), None),
        (target(STORE, None), Endpoint(resource_id=STORE, subresource="blob"), None),
        (
            target(SEARCH, "searchService"),
            Endpoint(resource_type="Microsoft.Search/searchServices", subresource="searchservice"),
            True,
        ),
        (
            target("somewhere", "searchService"),
            Endpoint(resource_type="Microsoft.Search/searchServices", subresource="searchService"),
            None,
        ),
        (target(STORE, "blob"), Host(name="SA.blob.core.windows.net"), True),
        (target(STORE, "blob"), Host(name="other.blob.core.windows.net"), False),
        (target(STORE, "file"), Host(name="sa.blob.core.windows.net"), False),
        (name("sa.blob.core.windows.net"), Host(name="sa.blob.core.windows.net"), False),
        (name("*.windows.net"), Host(name="sa.blob.core.windows.net"), False),
        (name("vscode.blob.core.windows.net"), Host(name="vscode.blob.core.windows.net"), True),
        (name("pypi.org"), Host(name="pypi.org", protocol="UDP"), False),
        (tag("AzureKeyVault"), Host(name="kv.vault.azure.net"), None),
        (tag("AzureKeyVault"), Host(name="sb.servicebus.windows.net"), False),
        (tag("AzureContainerRegistry"), Host(name="pypi.org"), False),
        (tag("AzureFrontDoor.Frontend"), Host(name="pypi.org"), None),
        (tag("AzureMonitor"), Host(name="x.ods.opinsights.azure.com"), None),
        (tag("Internet"), Address(network=address("20.1.2.3")), True),
        (tag("Internet"), Address(network=address("10.1.2.3")), False),
        (tag("VirtualNetwork"), Address(network=address("10.1.2.3")), None),
        (tag("VirtualNetwork"), Address(network=address("20.1.2.3")), False),
        (tag("Sql"), Address(network=address("20.1.2.3")), None),
        (tag("Sql"), Address(network=address("20.1.2.3"), tags=frozenset({"sql"})), True),
        (tag("Sql"), Address(network=address("20.1.2.3"), tags=frozenset({"storage"})), False),
        (tag("Sql", prefixes="20.1.2.0/24"), Address(network=address("20.1.2.3")), True),
        (tag("Sql", prefixes="20.1.2.0/24"), Address(network=address("20.1.2.3"), port=22), False),
        (
            tag("Sql", prefixes="20.1.2.0/24"),
            Address(network=address("20.1.3.3"), tags=frozenset({"sql"})),
            False,
        ),
        (tag("Sql", prefixes="20.1.2.0/25, 20.1.2.128/25"), Address(network=address("20.1.2.0/24")), True),
        (name("*"), Address(network=address("20.1.2.3")), False),
        (target(STORE, "blob"), Address(network=address("20.1.2.3")), False),
        (target(STORE, "blob"), Address(network=address("10.1.2.3")), None),
        (OutboundRule(status="Active"), Host(name="pypi.org"), None),
        (OutboundRule(type="Tunnel", status="Active"), Host(name="pypi.org"), None),
    ],
)
def test_a_rule_opens_what_it_says_and_nothing_else(
    rule: OutboundRule, destination: Destination, answer: bool | None
) -> None:
    assert opens(rule, destination) is answer


HOST = Host(name="pypi.org")
BLOB = Endpoint(resource_id=STORE, subresource="blob")


@pytest.mark.parametrize(
    ("mode", "destination", "rules", "answer"),
    [
        (INTERNET, HOST, [], True),
        (INTERNET.lower(), Service(tag="Sql"), [], True),
        (INTERNET, BLOB, [], False),
        (INTERNET, BLOB, [target(STORE, "blob")], True),
        (APPROVED, HOST, [], False),
        (APPROVED, HOST, [name("*.org")], True),
        (APPROVED, BLOB, [target(STORE, "blob")], True),
        (APPROVED, HOST, [name("*.org"), tag("Internet", "Deny")], None),
        (APPROVED, HOST, [name("*.org"), tag("Sql", "Deny")], True),
        (APPROVED, HOST, [tag("Internet", "Deny")], False),
        (DISABLED, HOST, [name("*.org")], None),
        (DISABLED, BLOB, [target(STORE, "blob")], None),
        (None, HOST, [name("*.org")], None),
        ("Foo", HOST, [name("*.org")], None),
    ],
)
def test_the_mode_decides_what_rules_are_for(
    mode: str | None, destination: Destination, rules: list[OutboundRule], answer: bool | None
) -> None:
    assert reachable(rules, mode, destination) is answer


@pytest.mark.parametrize(("mode", "answer"), [(INTERNET, True), (APPROVED, None), (DISABLED, None)])
def test_where_rules_may_be_missing_only_the_internet_is_sure(mode: str, answer: bool | None) -> None:
    assert reachable([name("pypi.org")], mode, HOST, complete=False) is answer


def maybe(*values: str) -> st.SearchStrategy[str | None]:
    return st.sampled_from([*values, None])


NAMES = [
    "org",
    "pypi.org",
    "files.pypi.org",
    "*.pypi.org",
    "*pypi.org",
    "*.org",
    "*",
    "a.blob.core.windows.net",
]
TAGS = ["Internet", "Sql", "Storage", "Storage.westus", "AzureCloud"]
RULES = st.builds(
    OutboundRule,
    type=maybe("FQDN", "ServiceTag", "PrivateEndpoint", "fqdn", "SERVICETAG", "Tunnel"),
    status=maybe("Active", "Active", "active", "Inactive", "Failed", "Asleep"),
    action=maybe("Allow", "Deny", "deny", "Perhaps"),
    fqdn=maybe(*NAMES),
    service_tag=maybe(*TAGS),
    protocol=maybe("TCP", "*", "UDP", "Carrier"),
    port_ranges=maybe("443", "*", "80, 400-500", "https"),
    address_prefixes=maybe("", "", "0.0.0.0/0", "20.1.2.3/32", "everywhere"),
    service_resource_id=maybe(STORE, STORE.lower(), SEARCH, "nowhere"),
    subresource_target=maybe("blob", "BLOB", "searchService"),
)
ALLOWING = RULES.map(lambda rule: replace(rule, action="Allow", type=rule.type or "FQDN")).filter(
    lambda rule: rule.type != "Tunnel"
)
DENYING = RULES.map(lambda rule: replace(rule, type="ServiceTag", action="Deny"))
DESTINATIONS = (
    st.builds(Host, name=st.sampled_from(NAMES), port=st.sampled_from([443, 80, 22]))
    | st.builds(Service, tag=st.sampled_from(TAGS))
    | st.just(BLOB)
    | st.just(Endpoint(resource_type="Microsoft.Search/searchServices", subresource="searchService"))
)
MODES = maybe(INTERNET, APPROVED, APPROVED, DISABLED, "Foo")
LISTS = st.lists(RULES, max_size=4)


@given(rules=LISTS, more=ALLOWING, mode=MODES, to=DESTINATIONS)
def test_a_rule_that_allows_takes_nothing_away(
    rules: list[OutboundRule], more: OutboundRule, mode: str | None, to: Destination
) -> None:
    if reachable(rules, mode, to):
        assert reachable([*rules, more], mode, to) is True


@given(rules=LISTS, more=DENYING, mode=MODES, to=DESTINATIONS)
def test_a_denial_opens_nothing(
    rules: list[OutboundRule], more: OutboundRule, mode: str | None, to: Destination
) -> None:
    assert opens(more, to) is not True
    before, after = reachable(rules, mode, to), reachable([*rules, more], mode, to)
    assert after is not True or before is True
    assert before is not False or after is not True


@given(fqdn=st.sampled_from(NAMES), host=st.sampled_from(NAMES))
def test_exact_names_and_wildcards_are_read_as_azure_firewall_reads_them(fqdn: str, host: str) -> None:
    answer = reachable([name(fqdn)], APPROVED, Host(name=host))
    is_partly_storage = is_wildcard(host) and reaches_storage(host)
    if is_storage(host):
        assert answer is False
    elif covers_a_part(fqdn, host) or (covers_host(fqdn, host) and is_partly_storage):
        assert answer is None
    else:
        assert answer is covers_host(fqdn, host)


@given(fqdn=st.sampled_from(NAMES), wide=st.sampled_from(NAMES), host=st.sampled_from(NAMES))
def test_who_reaches_all_under_a_wildcard_reaches_each_name_under_it(fqdn: str, wide: str, host: str) -> None:
    if covers_host(wide, host) and reachable([name(fqdn)], APPROVED, Host(name=wide)):
        assert reachable([name(fqdn)], APPROVED, Host(name=host)) is True


@given(rules=LISTS, mode=MODES, to=DESTINATIONS, data=st.data())
def test_the_order_of_rules_does_not_matter(
    rules: list[OutboundRule], mode: str | None, to: Destination, data: st.DataObject
) -> None:
    assert reachable(data.draw(st.permutations(rules)), mode, to) is reachable(rules, mode, to)


@given(rules=LISTS, mode=MODES, to=DESTINATIONS)
def test_a_rule_said_twice_is_a_rule_said_once(
    rules: list[OutboundRule], mode: str | None, to: Destination
) -> None:
    assert reachable([*rules, *rules], mode, to) is reachable(rules, mode, to)


@given(rule=RULES, to=DESTINATIONS)
def test_no_rule_opens_and_denies_the_same(rule: OutboundRule, to: Destination) -> None:
    assert not (opens(rule, to) and denies(rule, to))


@given(rule=RULES, to=DESTINATIONS)
def test_a_rule_without_an_action_opens_what_it_opens_with_allow(rule: OutboundRule, to: Destination) -> None:
    assert opens(replace(rule, action=None), to) is opens(replace(rule, action="Allow"), to)


@given(
    rule=RULES,
    to=DESTINATIONS,
    field=st.sampled_from(sorted({*OutboundRule.__dataclass_fields__} - {"action"})),
)
def test_leaving_a_member_out_never_opens_anything(rule: OutboundRule, to: Destination, field: str) -> None:
    if opens(replace(rule, **{field: None}), to):
        assert opens(rule, to) is True


@given(rules=LISTS, to=DESTINATIONS)
def test_nothing_is_reached_in_the_strict_mode_but_by_a_rule_that_opens_it(
    rules: list[OutboundRule], to: Destination
) -> None:
    if reachable(rules, APPROVED, to):
        assert any(opens(rule, to) for rule in rules)


def test_claims_are_joined_in_three_values() -> None:
    assert all_of([True, None]) is None
    assert all_of([None, False]) is False
    assert all_of([]) is True
    assert any_of([False, None]) is None
    assert any_of([None, True]) is True
    assert any_of([]) is False


@pytest.mark.parametrize("action", ["Allow", "Deny", None])
def test_a_rule_of_an_undocumented_type_neither_opens_nor_blocks_for_sure(action: str | None) -> None:
    rule = OutboundRule(type="Tunnel", status="Active", action=action, fqdn="pypi.org")
    assert opens(rule, HOST) is None
    assert denies(rule, HOST) is None
