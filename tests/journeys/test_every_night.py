"""Twenty nights of a changing emulated tenant into an archive: list, trend, verify, and what a removed run leaves."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from checks.contract.tables import Tables
from scanner.archive.credential import StorageCredential
from scanner.archive.following import followed
from scanner.archive.index import Run, runs_in
from scanner.archive.keeping import Kept, keep, store_at
from scanner.archive.stores import ArchiveStore, FolderStore
from scanner.commands.connections import Connection
from scanner.commands.demo import emulator_connection
from scanner.commands.job import Job
from scanner.commands.scan import scan
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.server import emulated
from scanner.emulator.tenants.generated import generated_tenant
from scanner.emulator.tenants.tenant import Tenant
from scanner.errors import ArchiveError
from scanner.history.trend import series_of, trend
from scanner.terminal import Terminal
from tests.support.audits.audits import audit_of
from tests.support.azurite import FakeCredential, azurite, program
from tests.support.command_line import run
from tests.support.scanning import IMPATIENT

FIRST = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
NIGHTS = 20
CUT_OFF, THROTTLED = 7, 12


def tenant(night: int) -> Tenant:
    """Ten workspaces; every fifth night another of them is public."""
    made = generated_tenant(subscriptions=2, workspaces=5, rules=2, seed=0)
    for number, resource in enumerate(made.resources):
        properties = resource.body.get("properties", {})
        if "publicNetworkAccess" in properties and str(resource.body["type"]).endswith("/workspaces"):
            properties["publicNetworkAccess"] = "Enabled" if (night + number) % 5 == 0 else "Disabled"
    return made


@dataclass(frozen=True, kw_only=True)
class Place:
    """An archive and the connection that signs in to it."""

    location: str
    ca_bundle: Path | None = None

    def connection(self, plain: Connection) -> Connection:
        return replace(plain, make_credential=FakeCredential, ca_bundle=self.ca_bundle)


@pytest.fixture(scope="module", params=["a folder", "a container"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("nights")
    if request.param == "a folder":
        kept = Place(location=str(folder / "audits"))
        nights(kept, folder)
        yield kept
        return
    if program() is None:
        pytest.skip("Azurite is not installed: npm install --prefix .azurite azurite")
    from azure.storage.blob import ContainerClient

    with azurite(folder) as storage:
        credential = StorageCredential(FakeCredential)
        ContainerClient(
            storage.url, "audits", credential=credential, connection_verify=str(storage.ca_bundle)
        ).create_container()
        kept = Place(location=f"{storage.url}/audits/nightly", ca_bundle=storage.ca_bundle)
        nights(kept, folder)
        yield kept


def nights(place: Place, folder: Path) -> None:
    for number in range(1, NIGHTS + 1):
        if number != CUT_OFF:
            night(place, folder, number)


def night(place: Place, folder: Path, number: int, *, baseline: str | None = None) -> int:
    faults = [Fault(kind=FaultKind.STATUS, status=429, route="workspaces", retry_after=60.0)]
    clock = FIRST + timedelta(days=number)
    with emulated(tenant(number), faults=faults if number == THROTTLED else []) as emulator:
        job = Job(
            output=folder / "report",
            policies=["internet-outbound"],
            archive=place.location,
            baseline=baseline,
            fail_on_regression=baseline is not None,
            is_demonstration=True,
            quiet=True,
            patience=replace(IMPATIENT, throttle_budget=1.0),
        )
        return scan(
            job, lambda: place.connection(emulator_connection(emulator)), Terminal(), clock=lambda: clock
        )


def runs_at(place: Place) -> list[Run]:
    store = store_of(place)
    return runs_in(store.index().content, store.name)


def store_of(place: Place) -> ArchiveStore:
    return store_at(place.location, lambda: StorageCredential(FakeCredential), ca_bundle=place.ca_bundle)


def test_every_night_has_a_line_and_its_files(place: Place) -> None:
    runs = runs_at(place)
    assert len(runs) == NIGHTS - 1
    assert [run.previous_root for run in runs] == [None, *(run.root for run in runs[:-1])]
    names = store_of(place).names("")
    for each in runs:
        assert {f"{each.run}/{name}" for name in each.files} <= set(names)
        assert {"evidence.zip", "result.json", "report/findings.csv", "report/report.html"} <= set(each.files)
    pointer = json.loads(store_of(place).read("latest/run.json") or b"")
    assert pointer == {"run": runs[-1].run, "root": runs[-1].root}


def test_the_throttled_night_is_incomplete_and_closes_nothing(place: Place) -> None:
    runs = runs_at(place)
    incomplete = [run for run in runs if not run.is_complete]
    assert [run.finished_at for run in incomplete] == [FIRST + timedelta(days=THROTTLED)]
    assert incomplete[0].closed == ()


def test_the_open_violations_are_those_of_the_last_night(place: Place) -> None:
    runs = runs_at(place)
    assert len(followed(runs).open) == sum(runs[-1].violations.values()) > 0


def test_the_trend_adds_up(place: Place) -> None:
    (series,) = series_of(runs_at(place))
    found = trend(series)
    opened = sum(point.opened for point in found.points)
    closed = sum(point.closed for point in found.points)
    assert found.points[0].total + opened - closed == len(found.open)
    assert sum(week.closed for week in found.weeks) == closed
    assert sum(week.opened for week in found.weeks) == opened
    assert found.days_to_fix["high"] > 0


def test_the_baseline_of_an_archive_is_its_last_complete_run(place: Place, tmp_path: Path) -> None:
    before = runs_at(place)
    assert night(place, tmp_path, NIGHTS + 1, baseline=place.location) == 1
    assert night(place, tmp_path, NIGHTS + 1, baseline=place.location) == 0
    after = runs_at(place)
    assert len(after) == len(before) + 2
    assert after[-1].opened == after[-1].closed == ()


@pytest.fixture
def copied(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder archive of four nights, to be spoiled."""
    place = Place(location=str(tmp_path / "audits"))
    for number in (1, 2, 3, 4):
        night(place, tmp_path, number)
    return Path(place.location)


def verified(archive: Path, *options: str) -> tuple[int, str]:
    code, out, _ = run("history", str(archive), "verify", *options)
    return code, out


def test_an_archive_that_nobody_touched_verifies(copied: Path) -> None:
    code, out = verified(copied)
    assert (code, "4 runs" in out) == (0, True)


def lines(archive: Path) -> list[str]:
    return (archive / "index.jsonl").read_text().splitlines(keepends=True)


def test_a_removed_replaced_or_moved_run_is_found(copied: Path) -> None:
    index, whole = copied / "index.jsonl", lines(copied)
    runs = runs_in(index.read_bytes(), "")
    spoiled = {
        "does not follow": [whole[0], whole[2], whole[3]],
        "names a run before it": whole[1:],
        "is older than": [whole[0], whole[2], whole[1], whole[3]],
        "more than once": [*whole, whole[3]],
        "gone from the index": whole[:3],
    }
    for problem, content in spoiled.items():
        index.write_text("".join(content))
        code, out = verified(copied)
        assert (code, problem in out) == (1, True), problem
    index.write_text("".join(whole))
    assert verified(copied)[0] == 0
    report = copied / runs[1].run / "report" / "findings.csv"
    report.write_bytes(report.read_bytes() + b"\n")
    assert "is not the file that the index lists" in verified(copied)[1]
    shutil.rmtree(copied / runs[2].run)
    code, out = verified(copied)
    assert (code, f"{runs[2].run}/evidence.zip is missing" in out) == (1, True)


def test_a_line_of_another_version_is_named_with_its_number(copied: Path) -> None:
    index = copied / "index.jsonl"
    index.write_text("".join([*lines(copied)[:2], '{"format_version": "9.0"}\n']))
    code, _, err = run("history", str(copied), "list")
    assert (code, "Line 3 of index.jsonl" in err) == (4, True)


class CutOff(FolderStore):
    """A folder whose writer is killed after some files."""

    left = 3

    def create(self, path: str, content: bytes) -> None:
        if self.left == 0:
            raise ArchiveError("cut off")
        self.left -= 1
        super().create(path, content)


def test_a_run_that_was_cut_off_is_no_run_and_does_not_stop_the_next(copied: Path, tmp_path: Path) -> None:
    runs = runs_in((copied / "index.jsonl").read_bytes(), "")
    kept = Kept(
        audit=replace(audit_of(Tables.of(workspaces=[])), root_digest="f" * 64),
        report=tmp_path / "report",
        bundle=copied / runs[0].run / "evidence.zip",
        result={},
        scope=runs[0].scope,
        exit_code=0,
    )
    with pytest.raises(ArchiveError, match="cut off"):
        keep(CutOff(copied), kept)
    code, out = verified(copied)
    assert code == 0
    assert "has files and no line in the index" in out
    with (copied / "index.jsonl").open("ab") as index:
        index.write(b'{"run": "2026/')
    night(Place(location=str(copied)), tmp_path, 5)
    after = runs_in((copied / "index.jsonl").read_bytes(), "")
    assert [run.root for run in after[:4]] == [run.root for run in runs]
    assert after[4].previous_root == runs[3].root
    code, out = verified(copied)
    assert (code, "Line 5 of index.jsonl is cut off" in out) == (0, True)


def test_the_page_of_a_night_can_be_written_again_however_long_the_archive_is(
    copied: Path, tmp_path: Path
) -> None:
    third = runs_in((copied / "index.jsonl").read_bytes(), "")[2]
    kept = (copied / third.run / "report/report.html").read_text()
    assert "3 runs of this scope and these policies" in kept
    written = []
    for number in (5, 6):
        run(
            "report", str(copied / third.run / "evidence.zip"), "--history", str(copied), "-o",
            str(tmp_path / "again"), "-q",
        )  # fmt: skip
        written.append((tmp_path / "again/report.html").read_text())
        night(Place(location=str(copied)), tmp_path, number)
    assert written[0] == written[1]
    origin = "a replay of evidence (root digest " + third.root + ") from "
    assert written[0].replace(origin, "") == kept


def test_the_archive_of_the_baseline_gives_a_history_too(copied: Path, tmp_path: Path) -> None:
    with emulated(tenant(5)) as emulator:
        job = Job(
            output=tmp_path / "now",
            policies=["internet-outbound"],
            baseline=str(copied),
            is_demonstration=True,
            quiet=True,
        )
        scan(job, lambda: emulator_connection(emulator), Terminal(), clock=lambda: FIRST + timedelta(days=5))
    page = (tmp_path / "now/report.html").read_text()
    assert "5 runs of this scope and these policies, 2026-03-03 to 2026-03-07" in page
    assert len(lines(copied)) == 4


def test_a_history_needs_the_archive_of_the_bundle(copied: Path, tmp_path: Path) -> None:
    last = runs_in((copied / "index.jsonl").read_bytes(), "")[-1]
    bundle = copied / last.run / "evidence.zip"
    (copied / "index.jsonl").write_text(lines(copied)[0])
    code, _, err = run("report", str(bundle), "--history", str(copied), "-o", str(tmp_path / "again"))
    assert (code, f"has no run with the root digest {last.root}" in err) == (2, True), err
    assert not (tmp_path / "again").exists()


def test_list_show_and_trend_agree_about_the_first_run(copied: Path) -> None:
    first = runs_in((copied / "index.jsonl").read_bytes(), "")[0]
    _, listed, _ = run("history", str(copied), "list")
    row = next(line for line in listed.splitlines() if line.startswith(first.run))
    assert row.split()[5] == "0"
    _, shown, _ = run("history", str(copied), "show", "latest~3")
    assert "opened: 0 (first run of its series)" in shown
    assert "run before: none, this is the first run of the archive" in shown
    assert "None" not in shown
    _, trended, _ = run("history", str(copied), "trend", "--format", "json")
    assert json.loads(trended)["series"][0]["points"][0]["opened"] == 0


def removed_last(archive: Path) -> tuple[Run, Run]:
    """Remove the last run and its line. Return the run that is the last one now, and the removed one."""
    *_, before, last = runs_in((archive / "index.jsonl").read_bytes(), "")
    (archive / "index.jsonl").write_text("".join(lines(archive)[:-1]))
    shutil.rmtree(archive / last.run)
    return before, last


def test_the_pointer_finds_a_last_run_that_was_removed_with_its_line(copied: Path) -> None:
    _, last = removed_last(copied)
    code, out = verified(copied)
    assert (code, f"names {last.run} with the root digest {last.root}" in out) == (1, True), out


def test_without_the_pointer_a_kept_root_digest_finds_it(copied: Path) -> None:
    before, last = removed_last(copied)
    (copied / "latest/run.json").unlink()
    code, out = verified(copied)
    assert (code, "There is no latest/run.json" in out) == (0, True), out
    code, out = verified(copied, "--expect-last", last.root)
    assert (code, f"No run has the expected root digest {last.root}" in out) == (1, True), out
    (copied / "latest/run.json").write_text(json.dumps({"run": before.run, "root": before.root}))
    assert verified(copied)[0] == 0
    assert verified(copied, "--expect-last", last.root[:16].upper())[0] == 1
    code, out = verified(copied, "--expect-last", before.root)
    assert (code, "runs after it: 0." in out) == (0, True), out


def test_runs_may_follow_the_expected_one(copied: Path) -> None:
    second = runs_in((copied / "index.jsonl").read_bytes(), "")[1]
    code, out = verified(copied, "--expect-last", second.root)
    assert (code, f"The expected run is {second.run}; runs after it: 2." in out) == (0, True), out


def test_a_pointer_with_another_root_or_run_is_named(copied: Path) -> None:
    runs = runs_in((copied / "index.jsonl").read_bytes(), "")
    pointer = copied / "latest/run.json"
    pointer.write_text(json.dumps({"run": runs[-1].run, "root": "0" * 64}))
    assert verified(copied)[0] == 1
    pointer.write_text(json.dumps({"run": runs[1].run, "root": runs[1].root}))
    code, out = verified(copied)
    assert (code, f"names {runs[1].run}, and {runs[-1].run} is the last run" in out) == (0, True), out


def test_an_index_that_was_removed_is_found(copied: Path) -> None:
    (copied / "index.jsonl").unlink()
    code, out = verified(copied)
    assert (code, "is gone from the index" in out, "has all files of a run" in out) == (1, True, True), out


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["lst"], "Did you mean list?"),
        (["show"], "takes 1 RUN"),
        (["show", "zzz"], "has no run 'zzz'"),
        (["show", "2026"], "4 runs match"),
        (["diff", "latest"], "takes 2 RUNs"),
        (["trend", "--output", "x"], "--output needs --format"),
        (["list", "--expect-last", "0" * 64], "--expect-last is for verify"),
        (["verify", "--expect-last", "zzz"], "is no root digest"),
    ],
)
def test_wrong_usage_is_named(copied: Path, arguments: list[str], problem: str) -> None:
    code, _, err = run("history", str(copied), *arguments)
    assert (code, problem in err) == (2, True), err


def test_an_archive_without_runs_says_how_to_add_one(tmp_path: Path) -> None:
    code, _, err = run("history", str(tmp_path), "list")
    assert (code, "scan --archive" in err) == (2, True)
