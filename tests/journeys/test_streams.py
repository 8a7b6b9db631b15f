"""No stream decides an exit code, and no name in it acts upon a terminal or a CI runner. Real processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.places import ROOT

pytestmark = pytest.mark.slow

NAME = "mlw-日本 \x1b[31mred\n::error::taken over\r##vso[task.complete result=Succeeded] \u202egpj"
WORKSPACE = (
    "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg"
    "/providers/Microsoft.MachineLearningServices/workspaces/mlw"
)
STREAMS = {
    "a Windows code page": {"PYTHONIOENCODING": "cp1252"},
    "strict ASCII": {"PYTHONIOENCODING": "ascii:strict"},
    "LANG=C": {"LANG": "C", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    "unbuffered": {"PYTHONIOENCODING": "cp437:strict", "PYTHONUNBUFFERED": "1"},
}


def ran(arguments: Sequence[str], shell: str = "", **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "scanner", *arguments]
    clean = {name: value for name, value in os.environ.items() if name not in ("LANG", "LC_ALL")}
    return subprocess.run(
        ["sh", "-c", f'"$@" {shell}', "sh", *command],
        env=clean | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of one workspace with a rule, in which every name is hostile."""
    folder = tmp_path_factory.mktemp("export")
    rule = {"type": "FQDN", "destination": NAME, "category": "UserDefined", "status": NAME}
    network = {"isolationMode": NAME, "outboundRules": {NAME: rule}}
    properties = {"publicNetworkAccess": NAME, "managedNetwork": network, "friendlyName": NAME}
    item = {"id": f"{WORKSPACE}{NAME}", "name": NAME, "location": NAME, "tags": {NAME: NAME}}
    listed = {"value": [item | {"properties": properties}]}
    (folder / "workspaces.json").write_text(json.dumps(listed))
    return folder


@pytest.fixture(scope="module")
def reports(export: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two reports of the export: before and after its public access was closed."""
    before, after = (tmp_path_factory.mktemp("reports") / name for name in ("before", "after"))
    assert ran(["scan", "--from", str(export), "-o", str(before), "-q"]).returncode == 3
    other = tmp_path_factory.mktemp("other")
    text = (export / "workspaces.json").read_text()
    (other / "workspaces.json").write_text(text.replace('"isolationMode": ', '"isolationMode": "x", "y": '))
    assert ran(["scan", "--from", str(other), "-o", str(after), "-q"]).returncode == 3
    return before, after


def usual(arguments: Sequence[str]) -> int:
    """Return the exit code of the same command with streams that can encode everything."""
    what = next(word for word in arguments if not word.startswith("-"))
    return {"scan": 3, "diff": 0, "policies": 0, "checks": 2, "日本": 2}[what]


@pytest.mark.parametrize("environment", STREAMS.values(), ids=STREAMS)
def test_a_stream_without_a_character_changes_no_exit_code(
    environment: dict[str, str], export: Path, reports: tuple[Path, Path], tmp_path: Path
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("name: mine\ndescription: Größe 日本\nchecks:\n  NET001: {}\n", "utf-8")
    logs = ["--log-level", "info", "--log-format", "json"]
    for arguments in (
        ["scan", "--from", str(export), "-o", str(tmp_path / "日本")],
        ["scan", "--from", str(export), "-o", str(tmp_path / "r"), *logs],
        ["diff", *map(str, reports)],
        ["policies", "show", str(policy)],
        ["checks", "show", "日本"],
        ["日本"],
    ):
        here = ran(arguments, **environment)
        assert here.returncode == usual(arguments), (arguments, here.stderr)
        assert here.returncode < 4, here.stderr
        assert b"Traceback" not in here.stderr


@pytest.mark.parametrize("shell", [">&-", "2>&-", ">&- 2>&-", ">/dev/full", "2>/dev/full", "2>&1 | true"])
def test_a_stream_that_is_closed_or_full_changes_no_exit_code(
    shell: str, export: Path, tmp_path: Path
) -> None:
    if "/dev/full" in shell and not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    code = tmp_path / "code"
    report = tmp_path / "report"
    arguments = ["scan", "--from", str(export), "-o", str(report), "--log-level", "info"]
    for each, wanted in ((arguments, 3), (["checks", "list"], 0)):
        command = f'{{ {{ "$0" -m scanner "$@"; echo $? >\'{code}\'; }} {shell}; }}'
        whole = [
            "sh",
            "-c",
            command.replace(f"echo $? >'{code}'", f"echo $? >'{code}' 2>&1"),
            sys.executable,
            *each,
        ]
        found = subprocess.run(
            whole, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, timeout=120
        )
        assert code.read_text().strip() == str(wanted), (each, found.stderr)
        assert b"Traceback" not in found.stderr
        assert b"Exception ignored" not in found.stderr
    assert (report / "report.html").exists()


def test_a_full_stdout_is_named() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    found = ran(["checks", "list"], ">/dev/full")
    assert found.stderr.decode() == "azml-audit: stdout has not the whole output: No space left on device.\n"


def test_a_pipe_that_does_not_block_gets_the_whole_output() -> None:
    read, write = os.pipe()
    os.set_blocking(write, False)
    whole = ran(["schema", "json"]).stdout
    assert len(whole) > 10_000
    process = subprocess.Popen(
        [sys.executable, "-m", "scanner", "schema", "json"],
        stdout=write,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        assert pipe.read() == whole
    assert process.wait() == 0


def test_no_name_acts_upon_a_pipe_or_a_log(export: Path, reports: tuple[Path, Path], tmp_path: Path) -> None:
    for arguments in (
        ["diff", *map(str, reports)],
        [
            "scan",
            "--from",
            str(export),
            "-o",
            str(tmp_path / "a"),
            "--log-level",
            "info",
            "--format",
            "csv,markdown",
        ],
        [
            "scan",
            "--from",
            str(export),
            "-o",
            str(tmp_path / "b"),
            "--log-level",
            "info",
            "--log-format",
            "json",
        ],
        ["scan", "--from", str(export), "-o", str(tmp_path / "c"), "--evidence", str(tmp_path / "e.zip")],
        ["trace", str(tmp_path / "e.zip"), "NET001", "mlw", "--whole"],
    ):
        found = ran(arguments)
        _assert_harmless(found.stdout.decode())
        _assert_harmless(found.stderr.decode())
    for path in (tmp_path / "a").glob("*.csv"):
        _assert_harmless(path.read_text("utf-8"))
    (summary,) = (tmp_path / "a").glob("*.md")
    _assert_harmless(summary.read_text("utf-8"))


def _assert_harmless(text: str) -> None:
    assert not set(text) & set("\x1b\r\u202e"), text
    assert "##vso[" not in text
    assert not [line for line in text.splitlines() if line.lstrip(" |").startswith("::error::")]
