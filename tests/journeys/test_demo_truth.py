"""The demo tenant's expected answers, as one reviewed file keeps them, against the answers of a scan."""

from __future__ import annotations

import pytest

from checks.registry import BUILT_IN
from tests.support.demo_truth import TRUTH_FILE, dense, found, kept, written

WORKSPACES, KEPT = kept()

# No demo workspace violates these: Azure's own rule comes with selected addresses and a managed network.
NEVER_FAILS = {"SCN006"}


@pytest.mark.parametrize("check_id", [check.id for check in BUILT_IN])
def test_the_scan_finds_exactly_what_the_file_keeps(check_id: str) -> None:
    assert found()[check_id] == dense(KEPT[check_id], WORKSPACES)


def test_the_file_names_every_workspace_and_every_check() -> None:
    assert set(KEPT) == {check.id for check in BUILT_IN}
    assert all(set(statuses) == set(WORKSPACES) for statuses in found().values())


def test_the_command_writes_the_file_as_it_is() -> None:
    truth = {check_id: dense(entry, WORKSPACES) for check_id, entry in KEPT.items()}
    assert written(WORKSPACES, truth) == TRUTH_FILE.read_text(encoding="utf-8")


def test_each_check_fails_somewhere_or_is_listed_as_never_failing() -> None:
    failing = {check_id for check_id, statuses in found().items() if "fail" in statuses.values()}
    assert {check.id for check in BUILT_IN} - failing == NEVER_FAILS
