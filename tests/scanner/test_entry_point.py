"""No crash ends with exit code 1, which means that a policy is violated."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.places import ROOT

PLANTED = {
    "an import error": "raise ImportError('a broken installation')",
    "a memory error": "raise MemoryError",
    "a recursion error": "def f(): f()\nf()",
    "an error of no kind": "class Odd(BaseException): pass\nraise Odd('odd\\nlines')",
    "exit with a text": "raise ValueError('::error::\\n::x::')",
}


def ran(
    folder: Path, *arguments: str, module: str = "typer", code: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run the command line where `module` is a file with this code."""
    (folder / f"{module}.py").write_text(code)
    environment = os.environ | {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", "scanner", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("name", PLANTED)
def test_a_crash_during_the_imports_is_an_internal_error_in_one_line(name: str, tmp_path: Path) -> None:
    done = ran(tmp_path, "checks", "list", code=PLANTED[name])
    assert done.returncode == 4
    assert done.stderr.startswith("azml-audit: internal error: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("module", ["typer", "rich"])
def test_ctrl_c_during_the_imports_is_an_interruption(module: str, tmp_path: Path) -> None:
    """rich is imported by the command, typer before it."""
    done = ran(tmp_path, "checks", "list", module=module, code="raise KeyboardInterrupt")
    assert done.returncode == 130
    assert done.stderr == "azml-audit: interrupted.\n"


def test_a_signal_during_the_imports_is_an_interruption(tmp_path: Path) -> None:
    code = f"import os, time\nos.kill(os.getpid(), {int(signal.SIGINT)})\ntime.sleep(30)"
    assert ran(tmp_path, "--version", code=code).returncode == 130


@pytest.mark.parametrize("code", ["raise MemoryError", "raise ImportError('broken')"])
def test_a_crash_within_a_command_is_an_internal_error(code: str, tmp_path: Path) -> None:
    done = ran(
        tmp_path, "scan", "--policy", "baseline", "--output", str(tmp_path / "x"), module="pandas", code=code
    )
    assert done.returncode == 4


def test_the_console_script_starts_at_the_same_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["scripts"] == {"azml-audit": "scanner.__main__:main"}


def test_nothing_in_the_current_folder_is_imported(tmp_path: Path) -> None:
    for module in ("random", "multiprocessing", "typer", "json", "checks"):
        (tmp_path / f"{module}.py").write_text("raise SystemExit('planted')")
    done = subprocess.run(
        [sys.executable, "-m", "scanner", "checks", "list"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "NET001" in done.stdout
