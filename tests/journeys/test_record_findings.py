"""The comparison of two recordings of findings, on recordings of a few lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.registry import registry
from tests.record_findings import Finding, differences, listed_checks, recorded, written

STORAGE = Finding(
    tenant="demo",
    policy="baseline",
    check="RES001",
    resource="/storage",
    workspace="/one",
    status="pass",
    verdict="compliant",
)
OTHER = STORAGE._replace(workspace="/two")
BEFORE = [STORAGE, OTHER, STORAGE._replace(check="RES002", status="unknown", verdict="undetermined")]


@pytest.mark.parametrize(
    ("after", "lines"),
    [
        (BEFORE[::-1], []),
        (BEFORE[:2], ["demo baseline RES002 /storage /one: missing, it was unknown, undetermined"]),
        (
            [*BEFORE, STORAGE._replace(check="RES003")],
            ["demo baseline RES003 /storage /one: new, it is pass, compliant"],
        ),
        (
            [STORAGE._replace(status="not-applicable"), *BEFORE[1:]],
            ["demo baseline RES001 /storage /one: status was pass, is not-applicable"],
        ),
        (
            [STORAGE, OTHER._replace(verdict="waived"), BEFORE[2]],
            ["demo baseline RES001 /storage /two: verdict was compliant, is waived"],
        ),
        (
            [STORAGE, OTHER._replace(status="fail", verdict="violated"), BEFORE[2]],
            [
                "demo baseline RES001 /storage /two: "
                "status was pass, is fail, verdict was compliant, is violated"
            ],
        ),
        (
            [*BEFORE, STORAGE],
            ["demo baseline RES001 /storage /one: new, it is pass, compliant"],
        ),
        (
            [STORAGE._replace(policy="strict"), OTHER],
            [
                "demo baseline RES001 /storage /one: missing, it was pass, compliant",
                "demo baseline RES002 /storage /one: missing, it was unknown, undetermined",
                "demo strict RES001 /storage /one: new, it is pass, compliant",
            ],
        ),
    ],
)
def test_every_difference_is_one_line(after: list[Finding], lines: list[str]) -> None:
    assert differences(BEFORE, after) == lines


@pytest.mark.parametrize("name", ["findings.jsonl", "findings.jsonl.gz"])
def test_a_recording_is_read_as_it_was_written(name: str, tmp_path: Path) -> None:
    assert written(BEFORE[::-1], tmp_path / name) == len(BEFORE)
    assert recorded(tmp_path / name) == sorted(BEFORE)
    first = (tmp_path / name).read_bytes()
    written(BEFORE, tmp_path / name)
    assert (tmp_path / name).read_bytes() == first


def test_the_script_finds_every_check_in_the_list_that_the_command_prints() -> None:
    assert set(listed_checks()) == set(registry())
