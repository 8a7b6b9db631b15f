"""What the command line shows at 80 columns: help pages, the start message and suggestions."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from scanner.cli.main import PANELS, START_HERE, app
from scanner.version import VERSION
from tests.support.places import ROOT

WIDTH = 80


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": str(WIDTH)})
    return result.exit_code, result.stdout, result.stderr


def commands(group: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every group and command with the words that lead to it."""
    group = group or get_command(app)
    yield path, group
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, (*path, name))


PATHS = [path for path, _ in commands()]
LEAVES = [(path, command) for path, command in commands() if not hasattr(command, "commands")]


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_help_fits_80_columns_and_cuts_no_sentence(path: tuple[str, ...]) -> None:
    code, out, _ = run(*path, "--help")
    assert code == 0
    lines = out.splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert [line for line in lines if line.rstrip().endswith(("…", "..."))] == [
        line for line in lines if line.startswith("Usage:") and line.endswith("...")
    ]


@pytest.mark.parametrize(("path", "command"), LEAVES, ids=[" ".join(path) for path, _ in LEAVES])
def test_the_examples_of_a_command_are_one_to_a_line_and_can_be_parsed(
    path: tuple[str, ...], command: Any
) -> None:
    out = run(*path, "--help")[1]
    examples = out.partition("Example")[2].splitlines()[1:]
    assert examples
    for line in examples:
        assert line.startswith(f"    azml-audit {' '.join(path)}")
        words = shlex.split(line.partition(">")[0])[1 + len(path) :]
        command.make_context(path[-1], words)


def test_the_list_of_commands_is_grouped_and_shows_every_summary_on_one_line() -> None:
    lines = run("--help")[1].splitlines()
    headings = [line[:-1] for line in lines if line.endswith(":") and not line.startswith(" ")]
    assert headings == [*PANELS, "Options"]
    first, second = (lines.index(f"{panel}:") for panel in list(PANELS)[:2])
    assert [line.split()[0] for line in lines[first + 1 : second - 1]] == ["demo", "scan"]
    listed = {line.split()[0]: line for line in lines if line.startswith("  ")}
    for (*above, name), command in commands(path=("azml-audit",)):
        if above == ["azml-audit"]:
            assert listed[name].endswith(command.help.partition("\n")[0]), name


def test_without_arguments_the_program_shows_where_to_start() -> None:
    code, out, err = run()
    assert (code, out, err) == (2, "", f"{START_HERE}\n")
    for word in ("demo", "doctor", "scan"):
        assert f"azml-audit {word} " in err


def test_the_version_is_shown() -> None:
    assert run("--version") == (0, f"azml-audit {VERSION}\n", "")


def test_no_help_imports_pandas_the_sdk_or_rich() -> None:
    probe = (
        "import sys\n"
        "from scanner.cli.main import main\n"
        f"for path in {PATHS!r}:\n"
        "    sys.argv = ['azml-audit', *path, '--help']\n"
        "    try: main()\n"
        "    except SystemExit as ended: assert ended.code == 0, path\n"
        "heavy = {'pandas', 'azure', 'aiohttp', 'jinja2', 'rich', 'yaml'} & set(sys.modules)\n"
        "print(sorted(heavy), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize(
    "line",
    [
        *("--version", "checks list", "checks list --policy baseline --json", "checks show obr010"),
        *("policies list", "policies show baseline", "policies validate baseline", "policies schema"),
        *(
            "policies init PLACE/new.yaml",
            "policies explain a-name",
            "policies show basline",
            "checks show NET999",
        ),
        *(
            "checks list --family ODD",
            "scan --odd",
            "scan --from PLACE --auth cli",
            "scan --fail-on hihg",
            "odd",
        ),
        *("scan --policy nosuch", "scan --format odd", "demo --format odd", "scan --tag odd"),
    ],
)
def test_neither_a_question_about_checks_and_policies_nor_a_usage_error_imports_pandas(
    line: str, tmp_path: Path
) -> None:
    assert not imported_by(line.replace("PLACE", str(tmp_path))) & {
        "pandas",
        "numpy",
        "pyarrow",
        "azure",
        "aiohttp",
    }


def test_a_scan_imports_what_signs_evidence_only_if_it_is_asked_to() -> None:
    signing = {"securesystemslib", "azure.keyvault", "scanner.evidence.statement"}
    assert not imported_by("scan --fail-on-regression") & signing
    assert signing & imported_by("scan --fail-on-regression --evidence e.zip --sign env:NONE")


def imported_by(line: str) -> set[str]:
    """The modules that a command imports, which ends well or with a usage error."""
    probe = (
        "import atexit, sys\n"
        "from scanner.__main__ import main\n"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        "main()\n"
    )
    command = [sys.executable, "-c", probe, *line.split()]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode in (0, 2)
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize(
    ("arguments", "suggestion"),
    [
        (["demo", "--policy", "basline"], "baseline"),
        (["policies", "show", "internet-outbond"], "internet-outbound"),
        (["demo", "--fail-on", "hihg"], "high"),
        (["demo", "--fail-on", "HIGH"], "high"),
        (["scan", "--auth", "managed-identiy"], "managed-identity"),
        (["scan", "--cloud", "azurecloud"], "AzureCloud"),
        (["demo", "--format", "html,sarfi"], "sarif"),
        (["checks", "show", "NET06"], "NET006"),
        (["checks", "show", "0BR005"], "OBR005"),
        (["verfy"], "'verify'"),
    ],
)
def test_a_mistyped_word_is_an_error_with_a_suggestion(arguments: list[str], suggestion: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert f"Did you mean {suggestion}" in " ".join(err.split())


def test_a_word_that_resembles_nothing_lists_what_there_is() -> None:
    code, _, err = run("demo", "--fail-on", "zzz")
    assert code == 2
    assert "Did you mean" not in err
    assert "Choose from: critical, high, medium, low, informational." in " ".join(err.split())


def test_the_shell_completes_commands_and_choices() -> None:
    command = str(Path(sys.executable).with_name("azml-audit"))
    for words, found in ("azml-audit sca", ["scan"]), ("azml-audit scan --auth mana", ["managed-identity"]):
        environment = {
            "_AZML_AUDIT_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split()) - 1),
            "PYTHONPATH": str(ROOT),
        }
        done = subprocess.run(
            [command], env=os.environ | environment, capture_output=True, text=True, check=False
        )
        assert done.stdout.split() == found
