"""What lists leave out, from the command line: workers, an interrupted scan, evidence and `--collect all`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.server import Emulator
from tests.support.command_line import run, served
from tests.support.evidence.forging import Forger
from tests.support.worlds.omissions import REGIONS, SETTINGS, Made, tenant_of

PLAIN = frozenset(SETTINGS) - {"encryption", "serverlessComputeSettings"}
HERE = [
    Made(number=each, subscription=each % 3, region=REGIONS[0], is_set=PLAIN, hides=frozenset())
    for each in range(10)
]
THERE = [
    Made(
        number=each,
        subscription=each % 3,
        region=REGIONS[1],
        is_set=frozenset(SETTINGS),
        hides=frozenset({"systemDatastoresAuthMode"}),
    )
    for each in range(10, 18)
]
FIRST = min(HERE, key=lambda each: each.order)
DRAWN = {each.site.name for each in sorted(HERE, key=lambda each: each.order)[:3]}
EVERYBODY_THERE = {each.site.name for each in THERE}
FILES = ("findings.csv", "workspaces.csv")


class Place:
    """An emulator, and the scans of it."""

    def __init__(
        self, folder: Path, emulator: Emulator, options: list[str], environment: dict[str, str]
    ) -> None:
        self.folder, self.emulator = folder, emulator
        self._options, self._environment = options, environment

    def scan(self, *options: str, name: str = "report") -> tuple[dict[str, bytes], set[str]]:
        """The files of a scan, and the workspaces that were read singly for it."""
        self.emulator.requests.clear()
        report = self.folder / name
        arguments = ("scan", *self._options, "-o", str(report), "-f", "csv", "-q", *options)
        code, _, errors = run(*arguments, env=self._environment)
        assert code in (0, 1, 3), errors
        paths = [each.path for each in self.emulator.requests if each.status == 200]
        singly = {
            path.rpartition("/")[2] for path in paths if "/workspaces/" in path and path.count("/") == 8
        }
        return {each: (report / each).read_bytes() for each in FILES}, singly


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with served(tenant_of([*HERE, *THERE]), tmp_path) as (emulator, options, environment):
        yield Place(tmp_path, emulator, options, environment)


def test_all_ways_of_reading_find_the_same(place: Place) -> None:
    files, singly = place.scan()
    assert singly == DRAWN | EVERYBODY_THERE
    full, everybody = place.scan("--collect", "all", name="full")
    assert everybody == {each.site.name for each in (*HERE, *THERE)}
    assert files["findings.csv"] == full["findings.csv"]
    by_workers, asked_for_workers = place.scan("--workers", "2", name="workers")
    assert by_workers == files
    assert asked_for_workers == singly


def test_an_interrupted_scan_draws_the_same_and_asks_no_answer_again(tmp_path: Path) -> None:
    slow = Fault(kind=FaultKind.LATENCY, seconds=30.0, times=1, route="workspace", resource=FIRST.site.name)
    with served(tenant_of([*HERE, *THERE]), tmp_path, slow) as (emulator, options, environment):
        place = Place(tmp_path, emulator, options, environment)
        _, before = place.scan("--deadline", "5")
        files, after = place.scan("--resume")
        whole, singly = place.scan(name="whole")
    assert before | after == singly == DRAWN | EVERYBODY_THERE
    assert FIRST.site.name in after - before
    assert not before & after
    assert files == whole


def samples(bundle: Path) -> dict[tuple[str, str], dict[str, object]]:
    code, text, _ = run("verify", str(bundle))
    assert code == 0, text
    derived = json.loads((bundle / "statement.json").read_text("utf-8"))["derived"]
    return {(each["region"], each["member"]): each for each in derived["samples"]}


def test_the_evidence_shows_why_a_workspace_was_not_read_singly(place: Place, tmp_path: Path) -> None:
    bundle = tmp_path / "evidence"
    files, _ = place.scan("--evidence", str(bundle))
    found = samples(bundle)
    trusted, hiding = (
        found[REGIONS[0], "serverlessComputeSettings"],
        found[REGIONS[1], "systemDatastoresAuthMode"],
    )
    assert (trusted["lacking"], trusted["read"], trusted["brought_by"]) == (10, 3, [])
    assert (hiding["lacking"], hiding["read"]) == (8, 8)
    assert len(hiding["brought_by"]) == 3  # type: ignore[arg-type]
    answers = [
        json.loads(line) for line in (bundle / "payloads/workspace.jsonl").read_text("utf-8").splitlines()
    ]
    scopes = {each["id"]: each["scope"].rpartition("/")[2] for each in answers}
    assert {scopes[each] for each in trusted["answers"]} == DRAWN  # type: ignore[attr-defined]
    again = tmp_path / "again"
    code, _, errors = run("scan", "--from", str(bundle), "-o", str(again), "-f", "csv", "-q")
    assert code in (1, 3), errors
    assert {each: (again / each).read_bytes() for each in FILES} == files


@pytest.mark.parametrize("gone", [FIRST, THERE[4]], ids=["one of three", "one of everybody"])
def test_a_bundle_without_a_single_read_that_was_due_is_not_verified(
    place: Place, tmp_path: Path, gone: Made
) -> None:
    place.scan("--evidence", str(tmp_path / "evidence"))
    forger = Forger.of(tmp_path / "evidence")
    forger.drop(lambda each: each.kind == "workspace" and each.scope == gone.site.id)
    forger.seal(tmp_path / "forged")
    code, text, _ = run("verify", str(tmp_path / "forged"))
    assert code == 1
    assert f"workspace of {gone.site.id.lower()} was asked for, and has no answer" in text


def test_a_bundle_of_everybody_holds_everybody(place: Place, tmp_path: Path) -> None:
    place.scan("--collect", "all", "--evidence", str(tmp_path / "evidence"))
    forger = Forger.of(tmp_path / "evidence")
    undrawn = next(each for each in HERE if each.site.name not in DRAWN)
    forger.drop(lambda each: each.kind == "workspace" and each.scope == undrawn.site.id)
    forger.seal(tmp_path / "forged")
    assert run("verify", str(tmp_path / "forged"))[0] == 1


def test_fewer_than_three_are_all_read(tmp_path: Path) -> None:
    made = [replace(each, hides=frozenset({"publicNetworkAccess"})) for each in HERE[:2]]
    with served(tenant_of(made), tmp_path) as (emulator, options, environment):
        place = Place(tmp_path, emulator, options, environment)
        files, singly = place.scan()
        full, _ = place.scan("--collect", "all", name="full")
    assert singly == {each.site.name for each in made}
    assert files["findings.csv"] == full["findings.csv"]
