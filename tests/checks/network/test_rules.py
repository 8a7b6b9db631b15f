from __future__ import annotations

import pytest
from checks.network.rules import (
    RESERVED_IPV4,
    SHARED_DOMAINS,
    STORAGE_SUFFIXES,
    address_defect,
    host_defect,
    is_wide,
    normal_host,
    normal_ports,
    parsed_ports,
    reaches_storage,
    resource_type_of,
    supports_private_endpoint,
    swallows,
    widest_range,
)
from hypothesis import given
from hypothesis import strategies as st

LABELS = st.sampled_from(["a", "b", "ab", "org", "com", "blob", "core", "windows", "net", "Azure"])
NAMES = st.lists(LABELS, min_size=1, max_size=5).map(".".join)
PATTERNS = NAMES | NAMES.map(lambda name: f"*.{name}") | NAMES.map(lambda name: f"*{name}") | st.just("*")
PORTS = st.integers(0, 65535)
RANGES = st.lists(st.tuples(PORTS, PORTS).map(sorted), min_size=1, max_size=5)


@given(PATTERNS)
def test_every_pattern_swallows_itself_whatever_its_case(pattern: str) -> None:
    assert swallows(pattern, pattern.upper() + ".")


@given(PATTERNS, PATTERNS, PATTERNS)
def test_swallowing_is_transitive(wide: str, middle: str, narrow: str) -> None:
    if swallows(wide, middle) and swallows(middle, narrow):
        assert swallows(wide, narrow)


@given(PATTERNS, PATTERNS, NAMES)
def test_what_swallows_a_pattern_lets_every_name_of_it_through(wide: str, narrow: str, name: str) -> None:
    if swallows(wide, narrow) and swallows(narrow, name):
        assert swallows(wide, name)


@given(PATTERNS, NAMES, NAMES)
def test_a_pattern_that_does_not_swallow_another_misses_a_name_of_it(
    wide: str, narrow: str, left: str
) -> None:
    assert swallows(wide, f"*.{narrow}") == (wide.startswith("*") and swallows(wide, f"{left}-x.{narrow}"))


@given(PATTERNS)
def test_whatever_swallows_a_storage_host_reaches_storage(pattern: str) -> None:
    if any(swallows(pattern, f"account.{suffix}") for suffix in STORAGE_SUFFIXES):
        assert reaches_storage(pattern)


@given(PATTERNS, PATTERNS)
def test_a_wider_pattern_reaches_storage_too(wide: str, narrow: str) -> None:
    if swallows(wide, narrow) and reaches_storage(narrow):
        assert reaches_storage(wide)


@given(NAMES)
def test_normalising_a_host_twice_changes_nothing(name: str) -> None:
    assert normal_host(normal_host(f" {name}. ")) == normal_host(name)


@given(st.text(max_size=20))
def test_any_text_at_all_gets_a_verdict_as_a_host(text: str) -> None:
    assert isinstance(host_defect(text, SHARED_DOMAINS), str)
    assert isinstance(reaches_storage(text), bool)


@given(RANGES)
def test_port_ranges_survive_being_written_and_read(ranges: list[list[int]]) -> None:
    text = ", ".join(f"{low}-{high}" for low, high in ranges)
    ports = parsed_ports(text)
    assert ports is not None
    assert {p for low, high in ports for p in range(low, high + 1)} == {
        p for low, high in ranges for p in range(low, high + 1)
    }
    assert widest_range(ports) >= max(high - low + 1 for low, high in ranges)
    assert normal_ports(normal_ports(text)) == normal_ports(text)


@given(st.text(max_size=20))
def test_any_text_at_all_gets_a_verdict_as_ports(text: str) -> None:
    ports = parsed_ports(text)
    assert ports is None or 1 <= widest_range(ports) <= 65536


@pytest.mark.parametrize("text", ["", "http", "70000", "90-80", "1-2-3", "80,,81", "-80", "٣"])
def test_what_is_no_port_list_is_called_none(text: str) -> None:
    assert parsed_ports(text) is None


def test_an_asterisk_opens_every_port() -> None:
    assert parsed_ports(" * ") == ((0, 65535),)


@given(st.integers(0, 2**32 - 1), st.integers(1, 32), st.integers(0, 32))
def test_widths_agree_for_addresses_in_and_out(address: int, prefix: int, min_prefix: int) -> None:
    octets = ".".join(str(octet) for octet in address.to_bytes(4, "big"))
    assert is_wide(f"{octets}/{prefix}", min_prefix) == (prefix < min_prefix)
    if prefix < min_prefix:
        assert address_defect(f"{octets}/{prefix}", min_prefix)


@given(st.sampled_from(RESERVED_IPV4), st.data())
def test_no_reserved_address_is_a_good_address_rule(network: object, data: st.DataObject) -> None:
    first, last = int(network[0]), int(network[-1])  # type: ignore[index]
    address = data.draw(st.integers(first, last))
    octets = ".".join(str(octet) for octet in address.to_bytes(4, "big"))
    assert address_defect(octets, 0) == "is private or reserved"


@given(st.text(max_size=30))
def test_any_text_at_all_gets_a_verdict_as_an_address(text: str) -> None:
    assert isinstance(address_defect(text, 24), str)
    assert is_wide(text, 24) in {True, False, None}


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
