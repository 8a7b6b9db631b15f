"""A run that fails never damages an older report, and deletes no file of another program."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from reports.audit import Audit
from reports.errors import ReportError
from reports.formats import registry
from reports.formats.registry import write
from reports.writing import swapping
from reports.writing.encoding import Files
from reports.writing.folder import LIST_OF_FILES, check_replaceable, replace
from tests.support.report_audits import audit_of
from tests.support.report_tenants import tenant


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
    assert set(contents(folder)) == {"report.html", LIST_OF_FILES}


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

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        replace(tmp_path / "report", {"a.csv": [b"bad"]})
    assert contents(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


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
