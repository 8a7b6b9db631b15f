"""A selector names an address as the policy's author knows it; the tag holds the pseudonym of it."""

from __future__ import annotations

import json

import pytest

from checks.pseudonyms import with_pseudonyms
from tests.checks.policy.test_selectors import matches
from tests.support.tables.checks import workspace


@pytest.mark.parametrize(
    ("selected", "is_match"),
    [("ada@example.com", True), ("ADA@Example.com", True), ("bob@example.com", False), ("*", True)],
)
def test_a_tag_is_selected_by_the_address_that_it_had(selected: str, is_match: bool) -> None:
    tags = {"owner": with_pseudonyms("Ada@example.com")}
    assert matches(workspace("mlw", tags=json.dumps(tags)), tag={"owner": selected}) is is_match
    assert "example" not in tags["owner"]
