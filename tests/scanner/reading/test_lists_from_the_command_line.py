"""Lists of dependencies from the command line: workers, an interrupted scan, evidence, replay and verify."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.routes import ASSOCIATED_LIST, target_of
from scanner.emulator.server import Emulator
from tests.support.command_line import run, served
from tests.support.evidence.forging import Forger
from tests.support.worlds.listed_dependencies import REGIONS, Made, tenant_of

MADE = [
    Made(number=number, subscription=number % 2, region=REGIONS[number % 2], is_open=number % 5 == 1)
    for number in range(12)
]
TENANT = tenant_of(MADE, strangers=4)
FILES = ("findings.csv", "workspaces.csv")


def scan(
    folder: Path, name: str, options: list[str], environment: dict[str, str], *more: str
) -> dict[str, bytes]:
    arguments = ("scan", *options, "-o", str(folder / name), "-f", "csv", "-q", *more)
    code, _, errors = run(*arguments, env=environment)
    assert code in (1, 3), errors
    return {each: (folder / name / each).read_bytes() for each in FILES}


def listed(emulator: Emulator) -> int:
    return sum(target_of(each.path).route == ASSOCIATED_LIST for each in emulator.requests)


def test_workers_lists_and_single_reads_find_the_same(tmp_path: Path) -> None:
    with served(TENANT, tmp_path) as (emulator, options, environment):
        usual = scan(tmp_path, "usual", options, environment)
        assert listed(emulator) == 8
        workers = scan(tmp_path, "workers", options, environment, "--workers", "2")
        assert listed(emulator) == 16
        full = scan(tmp_path, "full", options, environment, "--collect", "all")
        assert listed(emulator) == 16
    assert usual == workers
    assert usual["findings.csv"] == full["findings.csv"]


def test_an_interrupted_scan_goes_on(tmp_path: Path) -> None:
    slow = Fault(kind=FaultKind.LATENCY, seconds=30.0, times=1, route="computes", resource=MADE[0].site.name)
    with served(TENANT, tmp_path, slow) as (_, options, environment):
        scan(tmp_path, "report", options, environment, "--deadline", "6")
        resumed = scan(tmp_path, "report", options, environment, "--resume")
        assert resumed == scan(tmp_path, "whole", options, environment)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    with served(TENANT, tmp_path) as (_, options, environment):
        scan(tmp_path, "report", options, environment, "--evidence", str(tmp_path / "evidence"))
    return tmp_path / "evidence"


def test_evidence_keeps_named_items_only_and_gives_the_same_tables(tmp_path: Path, bundle: Path) -> None:
    code, text, _ = run("verify", str(bundle))
    assert code == 0, text
    again = scan(tmp_path, "again", ["--from", str(bundle)], {})
    assert again == {each: (tmp_path / "report" / each).read_bytes() for each in FILES}
    text = (bundle / "payloads/associatedResource.jsonl").read_text("utf-8")
    kept = [json.loads(line) for line in text.splitlines()]
    assert any("the others are not kept" in each.get("of_list", "") for each in kept)
    assert Made(number=900).site.storage not in text


def test_a_bundle_without_an_item_that_was_due_is_not_verified(tmp_path: Path, bundle: Path) -> None:
    forger = Forger.of(bundle)
    forger.drop(lambda each: bool(each.of_list) and each.scope.endswith(MADE[11].site.storage))
    forger.seal(tmp_path / "forged")
    code, text, _ = run("verify", str(tmp_path / "forged"))
    assert code == 1, text
