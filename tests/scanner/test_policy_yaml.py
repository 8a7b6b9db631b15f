"""A policy file may come from a stranger: nothing in it runs, and none costs more than it weighs."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.errors import PolicyError
from checks.registry import registry
from scanner.policies import loaded
from scanner.policy_yaml import MAX_BYTES, MAX_NODES, document, text_of

LAUGHS = "\n".join(
    ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (LAUGHS, r"more than 100,000 values, aliases written out(?s:.*)line 5"),
        ("a: &a [*a]", "it holds itself"),
        ("a: &a {b: *a}", "it holds itself"),
        ("[" * 2000, "nested too deeply"),
        ("[" * 60 + "]" * 60, "nested more than 50 deep"),
        ("a: " + "9" * 5000, "integer string conversion"),
        ("expires: 2027-02-30", "'2027-02-30' cannot be: day is out of range(?s:.*)line 1, column 10"),
        ("? [a]\n: b", "a key must be a plain word"),
        ("a: 1\na: 2", "the key 'a' occurs twice"),
        ("a: \x00", "special characters are not allowed"),
        ("a: !!python/object/apply:os.system ['exit 1']", "could not determine a constructor"),
        ("a: 1\n---\nb: 2", "expected a single document"),
    ],
)
def test_what_no_policy_says_is_an_error_with_its_place(text: str, told: str) -> None:
    with pytest.raises(PolicyError, match=rf"^corp\.yaml: not YAML(?s:.*){told}"):
        document(text, "corp.yaml")


def test_aliases_are_fine_while_what_they_come_to_is_small() -> None:
    text = "a: &a {x: 1}\nb: *a\nc:\n  <<: *a\n  y: 2"
    assert document(text, "corp.yaml") == {"a": {"x": 1}, "b": {"x": 1}, "c": {"x": 1, "y": 2}}
    assert document("", "corp.yaml") is None


def test_the_limit_counts_what_aliases_stand_for() -> None:
    tens = [f"&n{n} [{', '.join([f'*n{n - 1}'] * 10)}]" for n in range(1, 4)]
    small = "\n- ".join(["- &n0 1", *tens])
    assert MAX_NODES > 10_000
    assert document(small, "corp.yaml")[3][0][0][0] == 1
    with pytest.raises(PolicyError, match="100,000"):
        document("\n- ".join([small, *(["*n3"] * 90)]), "corp.yaml")


def test_a_file_larger_than_any_policy_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "corp.yaml"
    path.write_bytes(b"#" * MAX_BYTES)
    assert len(text_of(path)) == MAX_BYTES
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(PolicyError, match=r"corp\.yaml: cannot be read: it is larger than 1,048,576 bytes"):
        loaded([str(path)], registry())


def test_a_file_that_is_not_utf_8_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "corp.yaml"
    path.write_bytes(b"name: \xff")
    with pytest.raises(PolicyError, match=r"corp\.yaml: cannot be read: 'utf-8'"):
        loaded([str(path)], registry())
