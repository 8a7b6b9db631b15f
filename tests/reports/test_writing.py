"""A run that fails never damages an older report, and deletes no file of another program."""

from __future__ import annotations

import ctypes
import errno
import itertools
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from reports.audit import Audit
from reports.errors import ReportError, UnwritableReportError
from reports.formats import registry
from reports.formats.registry import write
from reports.writing import swapping
from reports.writing.encoding import Files
from reports.writing.folder import check_replaceable, replace
from reports.writing.places import LIST_OF_FILES, hint, unwritable
from reports.writing.previous import Extent, extent_of
from reports.writing.swapping import current
from tests.support.audits.audits import audit_of
from tests.support.audits.tenants import tenant
from tests.support.places import ROOT


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_the_files_of_both_formats_are_written(tmp_path: Path) -> None:
    folder = write(audit_of(tenant(3)), tmp_path / "missing" / "report")
    assert {"report.html", "findings.csv", "workspaces.csv", "gaps.csv", "datapackage.json"} < set(
        contents(folder)
    )


def test_only_the_wanted_format_is_written(tmp_path: Path) -> None:
    folder = write(audit_of(tenant(3)), tmp_path / "report", ["html"])
    assert set(contents(folder)) == {"report.html", "findings.parquet", LIST_OF_FILES}


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"no format 'pdf'\. Formats: html, csv"):
        write(audit_of(tenant(1)), tmp_path / "report", ["pdf"])


def test_a_report_replaces_the_one_before_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    replace(tmp_path / "report", {"old.csv": [b"old"], "deep/er.json": [b"{}"]})
    replace(tmp_path / "report", {"new.csv": [b"new"]})
    assert contents(tmp_path) == {"report/new.csv": b"new", f"report/{LIST_OF_FILES}": b"new.csv\n"}


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    replace(tmp_path / "report", {"a": [b"a"]})
    assert (tmp_path / "report" / "a").read_bytes() == b"a"


def test_a_failure_in_the_middle_keeps_the_old_report(tmp_path: Path) -> None:
    replace(tmp_path / "report", {"a.csv": [b"good"]})
    before = contents(tmp_path)
    with pytest.raises(ReportError, match="could not be written"):
        replace(tmp_path / "report", {"a.csv": [b"bad"], "b": [b"a file"], "b/c": [b"below a file"]})
    assert contents(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_what_a_file_holds_is_made_when_it_is_written_and_goes_to_disk_chunk_by_chunk(tmp_path: Path) -> None:
    sizes: list[tuple[int, int]] = []
    chunk = bytes(100_000)

    def observing() -> Iterator[bytes]:
        (sibling,) = tmp_path.glob(".report.*.new")
        for _ in range(5):
            before, itself = ((sibling / name).stat().st_size for name in ("a", "b"))
            sizes.append((before, itself))
            yield chunk

    replace(tmp_path / "report", {"a": [b"a", b"bc"], "b": observing()})
    assert {before for before, _ in sizes} == {3}
    for made, (_, written) in enumerate(sizes):
        assert max(0, made - 1) * len(chunk) <= written <= made * len(chunk), "one at most is under way"


def test_a_renderer_that_fails_half_way_keeps_the_old_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(audit_of(tenant(3)), tmp_path / "report", ["html"])
    before = contents(tmp_path)

    def half_a_page(audit: Audit) -> Files:
        return {"a.csv": [b"a"], "report.html": (b"half" if n < 2 else bytes(1 // 0) for n in range(3))}

    monkeypatch.setattr(registry, "RENDERERS", {"html": half_a_page})
    with pytest.raises(ZeroDivisionError):
        write(audit_of(tenant(3)), folder, ["html"])
    assert contents(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


@pytest.mark.skipif(os.name != "posix", reason="the limit is POSIX's")
def test_a_disk_that_fills_up_half_way_keeps_the_old_report_and_nothing_more_is_made(tmp_path: Path) -> None:
    import resource

    replace(tmp_path / "report", {"a.csv": [b"good"]})
    before, made = contents(tmp_path), itertools.count()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, limits[1]))
    try:
        with pytest.raises(ReportError, match="could not be written"):
            replace(tmp_path / "report", {"a.csv": (bytes(100_000) for _ in range(50) if next(made) < 50)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert next(made) < 10
    assert contents(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def without_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the system call away that exchanges two folders, as on Windows."""

    def missing(*_arguments: object, **_settings: object) -> object:
        raise OSError("no such library")

    monkeypatch.setattr(ctypes, "CDLL", missing)


def test_an_interrupt_while_the_folders_change_places_keeps_the_old_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace(tmp_path / "report", {"a.csv": [b"good"]})
    before = contents(tmp_path)
    rename = Path.rename

    def interrupted(path: Path, target: Path) -> Path:
        if path.suffix == ".new":
            raise KeyboardInterrupt
        return rename(path, target)

    without_exchange(monkeypatch)
    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        replace(tmp_path / "report", {"a.csv": [b"bad"]})
    assert contents(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_a_system_that_cannot_exchange_folders_replaces_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_exchange(monkeypatch)
    for content in (b"one", b"two"):
        replace(tmp_path / "report", {"a.csv": [content]})
    assert (tmp_path / "report" / "a.csv").read_bytes() == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


@pytest.mark.skipif(sys.platform != "linux", reason="needs renameat2")
def test_a_reader_always_finds_a_whole_report(tmp_path: Path) -> None:
    report, has_ended, missed = tmp_path / "report", threading.Event(), list[Exception]()
    replace(report, {"a.csv": [b"0"]})

    def read() -> None:
        while not has_ended.is_set():
            try:
                (report / "a.csv").read_bytes()
            except OSError as error:
                missed.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(150):
        replace(report, {"a.csv": [str(number).encode()]})
    has_ended.set()
    reader.join()
    assert missed == []


def test_a_report_that_was_moved_aside_is_found(tmp_path: Path) -> None:
    report = tmp_path / "report"
    assert current(report) == report
    killed_between_the_renames(report)
    assert (current(report) / "a.csv").read_bytes() == b"good"


UNWRITABLE = ["/proc/foo", "/proc", "/sys/x", "/dev/null", "/dev/full/x", "/dev/null/x/y", "x" * 250]


@pytest.mark.skipif(sys.platform != "linux", reason="the places are those of Linux")
@pytest.mark.parametrize("place", UNWRITABLE)
def test_a_place_that_cannot_be_written_to_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ReportError) as refused:
        check_replaceable(Path(place))
    assert not isinstance(refused.value, UnwritableReportError)
    assert list(tmp_path.iterdir()) == []


def test_a_loop_of_links_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    for place in ("a", "a/report"):
        with pytest.raises(ReportError, match="loop of symbolic links"):
            check_replaceable(tmp_path / place)


def test_a_large_foreign_folder_is_refused_without_being_walked(tmp_path: Path) -> None:
    for number in range(1200):
        (tmp_path / f"{number:04}").touch()
    with pytest.raises(ReportError, match="1,000 such files or more"):
        check_replaceable(tmp_path)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EMFILE, errno.ELOOP, errno.EROFS, errno.EACCES])
def test_every_refusal_of_the_file_system_has_its_own_hint(number: int) -> None:
    error = unwritable(Path("report"), OSError(number, os.strerror(number)))
    assert os.strerror(number) in str(error)
    assert hint(OSError(number, "")) in str(error)
    assert hint(OSError(number, "")) != hint(OSError(errno.EINVAL, ""))


FULL = Extent(subscriptions=5, workspaces=200, complete_workspaces=190)
NIGHTS = {
    "fewer workspaces": Extent(subscriptions=5, workspaces=199, complete_workspaces=190),
    "fewer subscriptions": Extent(subscriptions=4, workspaces=200, complete_workspaces=190),
    "more gaps": Extent(subscriptions=5, workspaces=200, complete_workspaces=3),
    "nothing": Extent(subscriptions=0, workspaces=0, complete_workspaces=0),
}


@pytest.mark.parametrize("extent", NIGHTS.values(), ids=NIGHTS)
def test_a_report_that_read_less_keeps_the_previous_one(tmp_path: Path, extent: Extent) -> None:
    report = tmp_path / "report"
    replace(report, {"a.csv": [b"good"], "deep/b.json": [b"{}"]}, extent=FULL)
    good = contents(report)
    for night in (b"bad", b"worse"):
        check_replaceable(report)
        replace(report, {"a.csv": [night]}, extent=extent)
        assert contents(report / "previous") == good
        assert (report / "a.csv").read_bytes() == night
    check_replaceable(report)
    replace(report, {"a.csv": [b"again"]}, extent=FULL)
    assert not (report / "previous").exists()


def test_a_report_of_an_earlier_version_is_measured_by_its_tables(tmp_path: Path) -> None:
    tables = {
        "workspaces.csv": [b"workspace_id\na\nb\n"],
        "subscriptions.csv": [b"subscription_id,read\n1,true\n2,false\n"],
    }
    folder = replace(tmp_path / "report", tables)
    assert extent_of(folder) == Extent(subscriptions=1, workspaces=2, complete_workspaces=0)
    replace(folder, {"a": [b""]}, extent=NIGHTS["nothing"])
    assert (folder / "previous" / "workspaces.csv").exists()


def test_a_note_put_into_the_previous_report_is_not_deleted(tmp_path: Path) -> None:
    replace(tmp_path, {"a": [b"good"]}, extent=FULL)
    replace(tmp_path, {"a": [b"bad"]}, extent=NIGHTS["nothing"])
    (tmp_path / "previous" / "mine.txt").write_text("mine")
    with pytest.raises(ReportError, match=r"holds 'previous/mine\.txt'"):
        check_replaceable(tmp_path)


def test_the_last_step_comes_after_the_files_are_in_place(tmp_path: Path) -> None:
    found = []
    replace(tmp_path / "r", {"a": [b"a"]}, then=lambda: found.append((tmp_path / "r" / "a").read_bytes()))
    assert found == [b"a"]


MOUNTED = """
import errno, os, sys
from pathlib import Path
from reports.writing.folder import check_replaceable, replace
target = Path(sys.argv[1])
assert target.stat().st_dev == target.parent.stat().st_dev or os.path.ismount(target)
for content in (b"one", b"two"):
    check_replaceable(target)
    assert replace(target, {"a.csv": [content], "deep/b": [content]}) == target
    assert (target / "a.csv").read_bytes() == (target / "deep" / "b").read_bytes() == content
    assert sorted(path.name for path in target.iterdir()) == [".azml-audit-files", "a.csv", "deep"], content
rename, count = Path.rename, 0
for stop_at in range(12):
    def killed(path, to):
        global count
        count += 1
        if count > stop_at:
            raise MemoryError
        return rename(path, to)
    count, Path.rename = 0, killed
    try:
        replace(target, {"a.csv": [b"new"], "deep/b": [b"new"]})
    except MemoryError:
        pass
    Path.rename = rename
    check_replaceable(target)
    assert (target / "a.csv").read_bytes() == (target / "deep" / "b").read_bytes()
    assert sorted(path.name for path in target.iterdir()) == [".azml-audit-files", "a.csv", "deep"], stop_at
    replace(target, {"a.csv": [b"old"], "deep/b": [b"old"]})
print("done", sorted(path.name for path in target.parent.iterdir()))
"""
MOUNTS = {
    "a disk of its own": "mount -t tmpfs tmpfs {}",
    "a folder of the same disk": "mount --bind {} {}",
    "a read-only parent": (
        "mount -t tmpfs tmpfs {}/.. && mkdir {} && mount -t tmpfs tmpfs {} && mount -o remount,ro {}/.."
    ),
}


@pytest.mark.parametrize("mount", MOUNTS.values(), ids=MOUNTS)
def test_a_mount_point_gets_the_report_inside(tmp_path: Path, mount: str) -> None:
    volume = tmp_path / "a volume" / "report"
    volume.mkdir(parents=True)
    steps = mount.replace("{}", f"'{volume}'")
    inner = ["sh", "-c", f'{steps} || exit 77; "$@"', "sh", sys.executable, "-c", MOUNTED, str(volume)]
    found = subprocess.run(
        ["unshare", "--map-root-user", "--mount", *inner],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    if found.returncode == 77 or "unshare:" in found.stderr:
        pytest.skip(f"this system lets tests mount nothing: {found.stderr}")
    assert found.returncode == 0, found.stderr
    assert found.stdout == "done ['report']\n"


def test_a_folder_with_another_file_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ReportError, match=r"holds 'thesis\.tex'"):
        replace(tmp_path, {"a": [b"a"]})
    assert contents(tmp_path) == {"thesis.tex": b"years of work"}


def test_a_note_put_into_a_report_is_not_deleted(tmp_path: Path) -> None:
    folder = replace(tmp_path / "report", {"a": [b"a"]})
    (folder / "notes").mkdir()
    (folder / "notes" / "mine.txt").write_text("mine")
    with pytest.raises(ReportError, match=r"holds 'notes/mine\.txt'"):
        check_replaceable(folder)


def test_a_file_of_our_name_in_a_folder_that_is_no_report_is_not_deleted(tmp_path: Path) -> None:
    (tmp_path / "findings.csv").write_text("mine")
    with pytest.raises(ReportError, match=r"holds 'findings\.csv'"):
        check_replaceable(tmp_path)


def test_what_a_file_manager_leaves_behind_does_not_count(tmp_path: Path) -> None:
    folder = replace(tmp_path / "report", {"a": [b"a"]})
    (folder / ".DS_Store").write_bytes(b"")
    check_replaceable(folder)


def test_a_link_to_a_folder_within_a_report_is_another_file(tmp_path: Path) -> None:
    folder = replace(tmp_path / "report", {"a": [b"a"]})
    (tmp_path / "elsewhere").mkdir()
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ReportError, match="holds 'link'"):
        check_replaceable(folder)


def test_a_link_to_a_report_stays_a_link(tmp_path: Path) -> None:
    replace(tmp_path / "report", {"a": [b"old"]})
    (tmp_path / "latest").symlink_to(tmp_path / "report")
    replace(tmp_path / "latest", {"a": [b"new"]})
    assert (tmp_path / "latest").is_symlink()
    assert (tmp_path / "report" / "a").read_bytes() == b"new"


def test_a_path_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "report").write_text("a file")
    with pytest.raises(ReportError, match="is a file"):
        replace(tmp_path / "report", {"a": [b"a"]})


def test_a_parent_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "parent").write_text("a file")
    with pytest.raises(ReportError, match="could not be written"):
        replace(tmp_path / "parent" / "report", {"a": [b"a"]})


@pytest.mark.parametrize("name", ["../out", "/out", "a/../../out", "a\nb", "..\\out", ""])
def test_a_file_outside_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ReportError, match="is not inside"):
        replace(tmp_path / "report", {name: [b"x"]})
    assert contents(tmp_path) == {}


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_report_is_its_owners_alone(tmp_path: Path) -> None:
    old = tmp_path / "made" / "report"
    before = os.umask(0)
    try:
        replace(old, {"a.csv": [b"a"], "deep/er.json": [b"{}"]})
        old.chmod(0o755)
        replace(old, {"a.csv": [b"b"], "deep/er.json": [b"{}"]})
    finally:
        os.umask(before)
    made = [tmp_path / "made", *(tmp_path / "made").rglob("*")]
    modes = {path.name: path.stat().st_mode & 0o777 for path in made}
    folders, files = ("made", "report", "deep"), ("a.csv", "er.json", LIST_OF_FILES)
    assert modes == {**dict.fromkeys(folders, 0o700), **dict.fromkeys(files, 0o600)}


def killed_between_the_renames(folder: Path) -> None:
    """What a process leaves that is killed when the old report is aside and the new one not yet in place."""
    replace(folder, {"a.csv": [b"good"]})
    folder.rename(folder.with_name(f".{folder.name}.0123abcd.old"))
    half = folder.with_name(f".{folder.name}.0123abcd.new")
    half.mkdir()
    (half / "a.csv").write_bytes(b"new")


def test_the_next_run_puts_back_what_a_killed_one_moved_aside(tmp_path: Path) -> None:
    killed_between_the_renames(tmp_path / "report")
    check_replaceable(tmp_path / "report")
    assert (tmp_path / "report" / "a.csv").read_bytes() == b"good"
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_the_next_report_takes_the_place_of_what_a_killed_run_left(tmp_path: Path) -> None:
    killed_between_the_renames(tmp_path / "report")
    replace(tmp_path / "report", {"b.csv": [b"newer"]})
    assert set(contents(tmp_path)) == {"report/b.csv", f"report/{LIST_OF_FILES}"}


def test_what_only_looks_like_a_leftover_stays(tmp_path: Path) -> None:
    for name in (".report.mine.old", ".other.0123abcd.old", "report.0123abcd.old"):
        (tmp_path / name).mkdir()
    replace(tmp_path / "report", {"a": [b"a"]})
    assert len(list(tmp_path.iterdir())) == 4


def test_two_processes_do_not_write_one_report_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(swapping, "LONGEST_WAIT", 0.0)
    with swapping.alone(tmp_path / "report"), pytest.raises(ReportError, match="Another process"):
        replace(tmp_path / "report", {"a": [b"a"]})
    replace(tmp_path / "report", {"a": [b"a"]})
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
