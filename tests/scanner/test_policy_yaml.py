"""A policy file may come from a stranger: nothing in it runs, and none costs more than it weighs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from checks.errors import PolicyError
from checks.policy.parsing import KeyPath
from checks.registry import registry
from scanner.policies import loaded
from scanner.policy_yaml import MAX_BYTES, MAX_NODES, document, marked_document, text_of

KEYS = st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True).filter(
    lambda key: key not in {"y", "n", "on", "no"}
)
DOCUMENTS = st.recursive(
    st.integers(0, 9),
    lambda inner: st.dictionaries(KEYS, inner, min_size=1) | st.lists(inner, min_size=1),
    max_leaves=20,
)

LAUGHS = "\n".join(
    ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (LAUGHS, r"5:\d+: .*more than 100,000 values with all aliases expanded"),
        ("a: &a [*a]", "1:4: .*it contains itself"),
        ("a: &a {b: *a}", "1:4: .*it contains itself"),
        ("[" * 2000, " .*nested too deeply"),
        ("[" * 60 + "]" * 60, r"1:\d+: .*nested more than 50 deep"),
        ("a: " + "9" * 5000, "1:4: .*integer string conversion"),
        ("expires: 2027-02-30", "1:10: .*'2027-02-30' is not a valid value: day is out of range"),
        ("? [a]\n: b", "1:3: .*a key must be a plain word"),
        ("a: 1\na: 2", "2:1: .*the key 'a' occurs twice"),
        ("a: \x00", " .*special characters are not allowed"),
        ("a: !!python/object/apply:os.system ['exit 1']", "1:4: .*could not determine a constructor"),
        ("a: 1\n---\nb: 2", "2:1: .*expected a single document"),
    ],
)
def test_invalid_yaml_is_an_error_with_line_and_column(text: str, place: str) -> None:
    with pytest.raises(PolicyError, match=rf"^corp\.yaml:(?s:{place})"):
        document(text, "corp.yaml")


@given(DOCUMENTS, st.booleans())
def test_every_value_has_a_mark_and_the_mark_of_a_key_is_where_the_key_begins(
    written: Any, is_flow: bool
) -> None:
    text = yaml.safe_dump(written, default_flow_style=is_flow)
    read, marks = marked_document(text, "corp.yaml")
    assert read == written
    assert set(marks) == set(paths(written))
    lines = text.splitlines()
    for path, (line, column) in marks.items():
        if path and isinstance(path[-1], str):
            assert lines[line - 1][column - 1 :].lstrip("'").startswith(path[-1]), (path, line, column)


def paths(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from paths(inner, (*path, key))


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
    with pytest.raises(
        PolicyError, match=r"corp\.yaml: could not read the file: it is larger than 1,048,576"
    ):
        loaded([str(path)], registry())


def test_a_file_that_is_not_utf_8_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "corp.yaml"
    path.write_bytes(b"name: \xff")
    with pytest.raises(PolicyError, match=r"corp\.yaml: could not read the file: 'utf-8'"):
        loaded([str(path)], registry())
