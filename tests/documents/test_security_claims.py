"""SECURITY.md names the tests behind its claims, and they exist."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.support.places import ROOT

CLAIMS = (ROOT / "SECURITY.md").read_text("utf-8").partition("## Claims")[2]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", CLAIMS)))


@cache
def defined_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return frozenset(
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_test_named_in_the_claims_exists(file: str, name: str) -> None:
    assert name.startswith("test_")
    assert name in defined_in(file), f"SECURITY.md names {file}::{name}, which is not there"


def test_every_claim_names_a_test() -> None:
    claims = re.findall(r"^- .*?(?=^- |^###|\Z)", CLAIMS, re.MULTILINE | re.DOTALL)
    assert len(claims) > 12
    bare = [claim for claim in claims if "::test_" not in claim]
    assert [claim.partition(":")[0] for claim in bare] == ["- Known vulnerabilities"]
