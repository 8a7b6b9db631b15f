"""Addresses, ports, hosts, service tags and targets: laws, and the words that decide."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from publicsuffixlist import PublicSuffixList

from checks.network.hosts import (
    STORAGE_SUFFIXES,
    SharedNames,
    built_in_names,
    covers_host,
    host_defect,
    is_every_host,
    normal_host,
    reaches_storage,
    spelling_defect,
)
from checks.network.ip_ranges import RESERVED_IPV4, address_defect, covers, opening_defect, union
from checks.network.ports import covers_ports, normal_ports, number_of_ports, parsed_ports
from checks.network.service_tags import (
    SHARED_TAGS,
    SINGLE_SERVICE_TAGS,
    covers_tag,
    is_no_tag,
    is_shared,
    region_of,
    service_of,
)
from checks.network.targets import resource_type_of, same_id, supports_private_endpoint

LABELS = st.sampled_from(["a", "b", "ab", "org", "com", "blob", "core", "windows", "net", "Azure"])
NAMES = st.lists(LABELS, min_size=1, max_size=5).map(".".join)
PATTERNS = NAMES | NAMES.map(lambda name: f"*.{name}") | NAMES.map(lambda name: f"*{name}") | st.just("*")
PORTS = st.integers(0, 65535)
RANGES = st.lists(st.tuples(PORTS, PORTS).map(sorted), min_size=1, max_size=5)


@given(PATTERNS)
def test_every_pattern_covers_itself_in_any_case(pattern: str) -> None:
    assert covers_host(pattern, pattern.upper() + ".")


@given(PATTERNS, PATTERNS, PATTERNS)
def test_covering_a_host_is_transitive(wide: str, middle: str, narrow: str) -> None:
    if covers_host(wide, middle) and covers_host(middle, narrow):
        assert covers_host(wide, narrow)


@given(PATTERNS, PATTERNS, NAMES)
def test_a_pattern_that_covers_another_covers_every_name_of_it(wide: str, narrow: str, name: str) -> None:
    if covers_host(wide, narrow) and covers_host(narrow, name):
        assert covers_host(wide, name)


@given(PATTERNS, NAMES, NAMES)
def test_a_pattern_that_does_not_cover_another_misses_a_name_of_it(wide: str, narrow: str, left: str) -> None:
    assert covers_host(wide, f"*.{narrow}") == (
        wide.startswith("*") and covers_host(wide, f"{left}-x.{narrow}")
    )


@given(PATTERNS)
def test_a_pattern_that_covers_a_storage_host_reaches_storage(pattern: str) -> None:
    if any(covers_host(pattern, f"account.{suffix}") for suffix in STORAGE_SUFFIXES):
        assert reaches_storage(pattern)


@given(PATTERNS, PATTERNS)
def test_a_wider_pattern_reaches_storage_too(wide: str, narrow: str) -> None:
    if covers_host(wide, narrow) and reaches_storage(narrow):
        assert reaches_storage(wide)


@given(NAMES)
def test_normalising_a_host_twice_changes_nothing(name: str) -> None:
    assert normal_host(normal_host(f" {name}. ")) == normal_host(name)


@given(st.text(max_size=20))
def test_any_text_at_all_gets_a_verdict_as_a_host(text: str) -> None:
    assert isinstance(host_defect(text, built_in_names()), str)
    assert isinstance(spelling_defect(text), str)
    assert isinstance(reaches_storage(text), bool)


@given(RANGES)
def test_port_ranges_survive_being_written_and_read(ranges: list[list[int]]) -> None:
    text = ", ".join(f"{low}-{high}" for low, high in ranges)
    ports = parsed_ports(text)
    assert ports is not None
    assert {p for low, high in ports for p in range(low, high + 1)} == {
        p for low, high in ranges for p in range(low, high + 1)
    }
    assert number_of_ports(ports) == len({p for low, high in ranges for p in range(low, high + 1)})
    assert all(covers_ports(ports, (tuple(sorted(each)),)) for each in ranges)  # type: ignore[arg-type]
    assert normal_ports(normal_ports(text)) == normal_ports(text)


@given(st.text(max_size=20))
def test_any_text_at_all_gets_a_verdict_as_ports(text: str) -> None:
    ports = parsed_ports(text)
    assert ports is None or 1 <= number_of_ports(ports) <= 65536


@pytest.mark.parametrize("text", ["", "http", "70000", "90-80", "1-2-3", "80,,81", "-80", "٣"])
def test_what_is_no_port_list_is_called_none(text: str) -> None:
    assert parsed_ports(text) is None


def test_an_asterisk_opens_every_port() -> None:
    assert parsed_ports(" * ") == ((0, 65535),)


NETWORKS = st.builds(
    lambda address, length: IPv4Network((address, length), strict=False),
    st.integers(0, 2**32 - 1),
    st.integers(8, 32),
)


@given(NETWORKS, st.integers(0, 32))
def test_a_single_network_opens_as_much_as_its_prefix(network: IPv4Network, min_prefix: int) -> None:
    defect = opening_defect([str(network)], min_prefix=min_prefix, max_addresses=2**32)
    assert (defect != "") == (network.prefixlen < min_prefix)


@given(
    st.lists(NETWORKS, min_size=1, max_size=4), st.integers(0, 4), st.integers(0, 32), st.integers(1, 2**20)
)
def test_only_the_union_decides_how_much_is_opened(
    networks: list[IPv4Network], deeper: int, min_prefix: int, most: int
) -> None:
    split = [
        str(part)
        for network in networks
        for part in network.subnets(prefixlen_diff=min(deeper, 32 - network.prefixlen))
    ]
    whole = [str(network) for network in networks]
    assert union(split) == union(whole)
    one, other = (opening_defect(each, min_prefix=min_prefix, max_addresses=most) for each in (whole, split))
    assert one == other


@given(st.lists(NETWORKS, max_size=4), NETWORKS, st.integers(0, 32), st.integers(1, 2**20))
def test_another_address_never_narrows_an_opening(
    networks: list[IPv4Network], more: IPv4Network, min_prefix: int, most: int
) -> None:
    fewer = [str(network) for network in networks]
    if opening_defect(fewer, min_prefix=min_prefix, max_addresses=most):
        assert opening_defect([*fewer, str(more)], min_prefix=min_prefix, max_addresses=most)


@given(st.lists(st.tuples(NETWORKS, st.booleans()), max_size=6))
def test_an_address_written_as_ipv6_is_the_same_address(written: list[tuple[IPv4Network, bool]]) -> None:
    mapped = [
        f"::ffff:{network.network_address}/{96 + network.prefixlen}" if is_mapped else str(network)
        for network, is_mapped in written
    ]
    assert union(mapped) == union(str(network) for network, _ in written)
    assert all(address_defect(text) for text in mapped if ":" in text)


@given(st.lists(NETWORKS, max_size=4), st.lists(NETWORKS, max_size=4))
def test_a_union_covers_what_it_was_made_of(some: list[IPv4Network], others: list[IPv4Network]) -> None:
    together = union(map(str, [*some, *others]))
    assert together is not None
    assert covers(together, some)
    assert covers(together, together)


def test_fourteen_bits_and_a_thousand_twenty_fours_are_one_opening() -> None:
    parts = [str(part) for part in IPv4Network("20.4.0.0/14").subnets(new_prefix=24)]
    assert len(parts) == 1024
    assert opening_defect(parts, min_prefix=24, max_addresses=1024) == (
        "20.4.0.0/14, which is wider than /24"
    )


@pytest.mark.parametrize(
    ("prefixes", "settled"),
    [
        (["20.1.2.3", "x"], None),
        (["0.0.0.0/0", "x"], "every address there is"),
        ([], ""),
        (["2603:1020::/64"], True),
    ],
)
def test_a_text_that_is_no_prefix_leaves_a_narrow_union_unsettled(
    prefixes: list[str], settled: object
) -> None:
    defect = opening_defect(prefixes, min_prefix=24, max_addresses=1024)
    assert defect == settled or (settled is True and defect)


@given(st.sampled_from(RESERVED_IPV4), st.data())
def test_no_reserved_address_is_a_good_address_rule(network: object, data: st.DataObject) -> None:
    first, last = int(network[0]), int(network[-1])  # type: ignore[index]
    address = data.draw(st.integers(first, last))
    octets = ".".join(str(octet) for octet in address.to_bytes(4, "big"))
    assert address_defect(octets) == "has private or reserved addresses"


@given(st.text(max_size=30))
def test_any_text_at_all_gets_a_verdict_as_an_address(text: str) -> None:
    assert isinstance(address_defect(text), str)
    assert isinstance(opening_defect([text], min_prefix=24, max_addresses=1024), str | None)


@pytest.mark.parametrize(
    ("resource_id", "resource_type"),
    [
        ("/subscriptions/s/resourceGroups/g/providers/Microsoft.X/y/z", "microsoft.x/y"),
        ("/subscriptions/s/resourcegroups/g/PROVIDERS/Microsoft.X/y/z/w/v/", "microsoft.x/y/w"),
        ("/subscriptions/s", None),
        ("/subscriptions/s/resourceGroups/g/providers/Microsoft.X/y", None),
        ("", None),
    ],
)
def test_resource_types_are_read_from_ids(resource_id: str, resource_type: str | None) -> None:
    assert resource_type_of(resource_id) == resource_type


@given(st.text(max_size=30), st.text(max_size=10))
def test_any_text_at_all_gets_a_verdict_as_a_target(resource_id: str, subresource: str) -> None:
    assert supports_private_endpoint(resource_id, subresource) in {True, False, None}


@given(st.text(max_size=30))
def test_ids_that_differ_in_case_and_a_slash_are_the_same(resource_id: str) -> None:
    assert same_id(same_id(resource_id)) == same_id(resource_id)
    assert same_id(f" {resource_id.strip()}/ ") == same_id(resource_id)


@pytest.mark.parametrize(
    ("one", "other"),
    [("bücher.example", "xn--bcher-kva.example"), ("*.BÜCHER.example.", "*.xn--bcher-kva.example")],
)
def test_the_spellings_of_a_host_in_unicode_and_punycode_are_one_host(one: str, other: str) -> None:
    assert normal_host(one) == normal_host(other)
    assert covers_host(one, other)


@pytest.mark.parametrize("host", ["*", "*.", " * "])
def test_an_asterisk_alone_is_every_host(host: str) -> None:
    assert is_every_host(host)
    assert host_defect(host, built_in_names()) == "matches every host"


NO_NAMES = SharedNames(domains={}, hosts=())
WHOLE_LIST = PublicSuffixList()
SUFFIXES = (
    *("com", "co.uk", "uk", "ck", "foo.ck", "www.ck", "kobe.jp", "city.kobe.jp", "github.io", "xn--p1ai"),
    *("xn--55qx5d.cn", "cn", "nosuch", "xn--zzzz", "xn--", "a.xn--p1ai", "blogspot.com", "example.com"),
)


@pytest.mark.parametrize("name", SUFFIXES)
def test_public_suffixes_are_those_of_the_whole_list(name: str) -> None:
    """Only the lines of one top-level domain are parsed."""
    is_public = WHOLE_LIST.is_public(name)
    assert bool(host_defect(f"*.{name}", NO_NAMES)) == is_public


@pytest.mark.parametrize("domain", sorted(built_in_names().domains))
def test_a_wildcard_over_every_listed_domain_has_a_defect(domain: str) -> None:
    assert host_defect(f"*.{domain}", built_in_names())
    assert host_defect(f"*.privatelink.{domain}", built_in_names())
    assert host_defect(domain, built_in_names())


@pytest.mark.parametrize(
    "host", ["contoso.azurecr.io", "contoso.vault.azure.net", "contoso.sharepoint.com", "c.github.io"]
)
def test_a_single_name_below_a_shared_domain_has_one_owner(host: str) -> None:
    assert host_defect(host, built_in_names()) == ""


def test_each_tag_is_in_one_list() -> None:
    shared = {tag.lower() for tag in SHARED_TAGS}
    assert not shared & {tag.lower() for tag in SINGLE_SERVICE_TAGS}


@pytest.mark.parametrize("tag", sorted({*SHARED_TAGS, *SINGLE_SERVICE_TAGS} - {"AzureFrontDoor"}))
def test_a_regional_form_counts_as_its_tag(tag: str) -> None:
    name = tag.replace("*", "Whatever")
    regional = f"{name}.WestEurope"
    assert is_shared(regional) == is_shared(name.upper()) == (tag in SHARED_TAGS)
    assert service_of(regional) == name.lower()
    assert region_of(regional) == "westeurope"
    assert covers_tag(name, regional) or name == "Internet"
    assert not covers_tag(regional, name)
    assert not is_no_tag(regional)


@pytest.mark.parametrize("word", ["*", "Any", "any", "20.1.2.3", "10.0.0.0/8", "", "a b", "::1"])
def test_a_value_that_is_no_tag_is_recognised(word: str) -> None:
    assert is_no_tag(word)
    assert is_shared(word) is None


def test_the_internet_covers_every_tag_but_the_network_itself() -> None:
    assert covers_tag("Internet", "Sql.WestUS")
    assert not covers_tag("Internet", "VirtualNetwork")
    assert not covers_tag("Sql", "SqlManagement")
