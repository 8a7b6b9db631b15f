"""Where the subscriptions cannot be listed, nothing is scanned: the earlier report stays, with the true reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scanner.emulator.faults import Fault, FaultKind
from tests.support.command_line import COMPLIANT, run, served

UNLISTED = {
    "503": Fault(kind=FaultKind.STATUS, status=503, route="subscriptions"),
    "403": Fault(kind=FaultKind.STATUS, status=403, route="subscriptions"),
    "401": Fault(kind=FaultKind.STATUS, status=401, route="subscriptions"),
    "a hang": Fault(kind=FaultKind.LATENCY, seconds=3600, route="subscriptions"),
    "HTML": Fault(kind=FaultKind.HTML, route="subscriptions"),
    "an error with status 200": Fault(
        kind=FaultKind.RAW,
        status=200,
        route="subscriptions",
        body='{"error": {"code": "Odd", "message": "m"}}',
    ),
    "no list": Fault(kind=FaultKind.NULL_VALUE, route="subscriptions"),
}
EMPTY = Fault(kind=FaultKind.RAW, status=200, route="subscriptions", body='{"value": []}')


def scanned(folder: Path, *faults: Fault, extra: tuple[str, ...] = ()) -> tuple[int, str, str]:
    with served(COMPLIANT, folder, *faults) as (_, options, environment):
        arguments = ["scan", *options, "--output", str(folder / "report"), "--policy", "internet-outbound"]
        limits = ["--question-timeout", "2", "--format", "csv"]
        return run(*arguments, *limits, *extra, env=environment)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "report").iterdir())}


@pytest.mark.parametrize("name", UNLISTED)
def test_the_earlier_report_stays_and_the_reason_is_true(name: str, tmp_path: Path) -> None:
    assert scanned(tmp_path)[0] == 0
    before = files(tmp_path)
    code, out, err = scanned(tmp_path, UNLISTED[name])
    assert code == 3
    assert files(tmp_path) == before
    assert "Could not list the subscriptions" in err
    assert "nothing was scanned" in err
    assert "still has the earlier report" in err
    assert "NoSubscriptionVisible" not in out + err
    assert [path.name for path in tmp_path.iterdir() if "report" in path.name] == ["report"], "no leftovers"


def test_the_result_of_such_a_run_says_so(tmp_path: Path) -> None:
    assert scanned(tmp_path)[0] == 0
    assert scanned(tmp_path, UNLISTED["503"], extra=("--result", str(tmp_path / "result.json")))[0] == 3
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["exit_code"] == 3
    assert "nothing was scanned" in result["meaning"]
    assert result["coverage"]["subscriptions_read"] == 0


def test_without_an_earlier_report_the_gap_is_in_the_new_one(tmp_path: Path) -> None:
    code, _, _ = scanned(tmp_path, UNLISTED["503"])
    assert code == 3
    gaps = (tmp_path / "report" / "gaps.csv").read_text()
    assert "ServerBusy" in gaps
    assert "NoSubscriptionVisible" not in gaps


def test_a_list_that_was_read_and_is_empty_shows_no_subscription(tmp_path: Path) -> None:
    code, _, _ = scanned(tmp_path, EMPTY)
    assert code == 3
    assert "NoSubscriptionVisible" in (tmp_path / "report" / "gaps.csv").read_text()


def test_a_subscription_that_is_named_is_scanned_although_none_are_listed(tmp_path: Path) -> None:
    named = str(COMPLIANT.subscriptions[0]["subscriptionId"])
    assert scanned(tmp_path)[0] == 0
    code, _, err = scanned(tmp_path, UNLISTED["503"], extra=("--subscription", named))
    assert code == 3
    assert "earlier report" not in err
    assert len((tmp_path / "report" / "workspaces.csv").read_text().splitlines()) == 6


def test_a_name_is_not_called_unknown_because_the_list_was_not_read(tmp_path: Path) -> None:
    assert scanned(tmp_path)[0] == 0
    code, _, err = scanned(tmp_path, UNLISTED["503"], extra=("--subscription", "A name"))
    assert code == 3
    assert "Could not list the subscriptions: ServerBusy" in err
    assert scanned(tmp_path, extra=("--subscription", "A name"))[0] == 2


def test_where_sign_in_fails_nothing_was_asked(tmp_path: Path) -> None:
    assert scanned(tmp_path)[0] == 0
    before = files(tmp_path)
    refused = Fault(kind=FaultKind.STATUS, status=401, route="token")
    assert scanned(tmp_path, refused)[0] == 2
    assert files(tmp_path) == before
