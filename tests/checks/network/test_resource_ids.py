"""Only well-formed ids are parsed: what could lead a URL elsewhere is no id."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.network.resource_ids import ResourceId, is_name, resource_id

STORAGE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a"
NAMES = st.text(alphabet="abcXYZ019-_.() é", min_size=1, max_size=8).filter(
    lambda name: name not in (".", "..")
)
HARMFUL = st.sampled_from(["", ".", "..", "a\\b", "a?b", "a#b", "a%2fb", "a\n", "a\x00", "\ud800", "\u2028"])


@pytest.mark.parametrize(
    ("text", "resource_type"),
    [
        ("/subscriptions/s", ""),
        ("/subscriptions/s/", ""),
        ("/subscriptions/s/resourceGroups/g", ""),
        (STORAGE, "microsoft.storage/storageaccounts"),
        (STORAGE.upper(), "microsoft.storage/storageaccounts"),
        (f"{STORAGE}/blobServices/default", "microsoft.storage/storageaccounts/blobservices"),
        (
            f"{STORAGE}/providers/microsoft.insights/diagnosticSettings/d",
            "microsoft.insights/diagnosticsettings",
        ),
        ("/subscriptions/s/resourceGroups/providers/providers/N/t/providers", "n/t"),
    ],
)
def test_an_id_has_the_type_of_its_last_provider(text: str, resource_type: str) -> None:
    found = resource_id(text)
    assert found is not None
    assert found.resource_type == resource_type


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "/",
            "x",
            "subscriptions/s",
            "/subscriptions",
            "/subscriptions/",
            "/subscriptions//x",
            f" {STORAGE}",
        ),
        *(f"{STORAGE}/", f"https://h{STORAGE}", "/providers/Microsoft.Storage", f"{STORAGE}/blobServices")[
            1:
        ],
        *(
            "/subscriptions/s/x",
            "/subscriptions/s/providers/N",
            "/subscriptions/s/resourceGroups/g/providers/N/t",
        ),
    ],
)
def test_anything_else_is_no_id(text: str) -> None:
    assert resource_id(text) is None


@given(NAMES, NAMES, NAMES)
def test_the_parts_of_an_id_are_the_names_in_it(subscription: str, group: str, name: str) -> None:
    text = f"/subscriptions/{subscription}/resourceGroups/{group}/providers/N/t/{name}"
    assert resource_id(text) == ResourceId(subscription=subscription, group=group, resource_type="n/t")


@given(st.integers(min_value=1, max_value=7), HARMFUL)
def test_no_harmful_segment_is_part_of_an_id(position: int, harmful: str) -> None:
    parts = STORAGE.split("/")
    parts[position] = harmful
    assert not is_name(harmful)
    assert resource_id("/".join(parts)) is None
