"""A place that takes no file is a usage error before Azure is asked anything, for every option that writes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.emulator.server import Emulator
from tests.support.command_line import COMPLIANT, run, served

FOLDERS = ("--output", "--archive")
FILES = ("--result", "--metrics")
OF_ANY = ("--evidence", *FOLDERS, *FILES)


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Emulator, list[str], dict[str, str]]]:
    with served(COMPLIANT, tmp_path_factory.mktemp("azure")) as reached:
        yield reached


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Places that take neither a file nor a folder, by what they are."""
    folder = tmp_path_factory.mktemp("places")
    (folder / "file").write_text("x")
    (folder / "loop").symlink_to("loop")
    (folder / "dangling").symlink_to("/proc/none/such")
    os.mkfifo(folder / "pipe")
    return {
        "below a file": f"{folder}/file/x",
        "a loop of links": f"{folder}/loop",
        "below a loop of links": f"{folder}/loop/x",
        "a link to a place that takes nothing": f"{folder}/dangling",
        "a name that is too long": f"{folder}/{'n' * 300}",
        "below a device": "/dev/null/x",
        "below a pipe": f"{folder}/pipe/x",
        "in /proc": "/proc/none",
        "in /sys": "/sys/none",
        "a pipe": f"{folder}/pipe",
        "no name": "",
    }


PLACES = (
    *("below a file", "a loop of links", "below a loop of links", "a link to a place that takes nothing"),
    *(
        "a name that is too long",
        "below a device",
        "below a pipe",
        "in /proc",
        "in /sys",
        "a pipe",
        "no name",
    ),
)


@pytest.mark.parametrize("option", OF_ANY)
@pytest.mark.parametrize("place", PLACES)
def test_a_place_that_takes_nothing_ends_the_scan_before_it_begins(
    option: str,
    place: str,
    azure: tuple[Emulator, list[str], dict[str, str]],
    places: dict[str, str],
    tmp_path: Path,
) -> None:
    if place in ("in /proc", "in /sys") and not Path("/proc/self").exists():
        pytest.skip("this system has no /proc")
    emulator, options, environment = azure
    emulator.requests.clear()
    output = [] if option == "--output" else ["--output", str(tmp_path / "report")]
    code, _, err = run("scan", *options, "-q", "-f", "csv", *output, option, places[place], env=environment)
    assert (code, len(emulator.requests)) == (2, 0), err
    assert "Traceback" not in err
    assert err.startswith("azml-audit: ")


@pytest.mark.parametrize("option", FILES)
def test_a_folder_takes_no_result(
    option: str, azure: tuple[Emulator, list[str], dict[str, str]], tmp_path: Path
) -> None:
    emulator, options, environment = azure
    emulator.requests.clear()
    code, _, err = run("scan", *options, option, str(tmp_path), env=environment)
    assert (code, len(emulator.requests)) == (2, 0)
    assert "this is a folder" in err


@pytest.mark.parametrize("place", ["/dev/null", "/dev/full"])
def test_metrics_do_not_take_the_place_of_a_device(
    place: str, azure: tuple[Emulator, list[str], dict[str, str]], tmp_path: Path
) -> None:
    _, options, environment = azure
    code, _, err = run("scan", *options, "-o", str(tmp_path / "r"), "--metrics", place, env=environment)
    assert (code, "this is no file" in err) == (2, True)
    assert Path(place).is_char_device()


def test_a_probe_removes_no_link(azure: tuple[Emulator, list[str], dict[str, str]], tmp_path: Path) -> None:
    _, options, environment = azure
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "result.json")
    report = ["-q", "-f", "csv", "-o", str(tmp_path / "r"), "--policy", "internet-outbound"]
    assert run("scan", *options, *report, "--result", str(link), env=environment)[0] == 0
    assert link.is_symlink()
    assert (tmp_path / "result.json").read_text().startswith("{")
