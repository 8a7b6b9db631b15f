"""The commands, options and links that the pages show exist. The pages are the README and the other Markdown files."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from checks.registry import BUILT_IN, registry
from scanner.cli.main import app
from scanner.policies import loaded
from tests.support.places import ROOT

PAGES = [
    *sorted(set(ROOT.glob("*.md")) - {ROOT / "CHANGELOG.md"}),
    *sorted(ROOT.glob("docs/*.md")),
    ROOT / "cassettes" / "README.md",
]
"""All but the changelog, whose older entries name the commands of their time."""
OF_OTHER_TOOLS = {"docs/offline.md": {"--type", "--max-results"}, "docs/performance.md": {"--workspaces"}}
"""Options of `az ml` and of a benchmark, each alone in code quotes."""
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def fenced(text: str) -> Iterator[str]:
    """Yield the commands of the fenced blocks, one for each line or continued line."""
    for _, block in _FENCED.findall(text):
        for line in re.sub(r"\\\n\s*", " ", block).splitlines():
            yield re.sub(r"^\s*(\$ |- run: )?", "", line)


def quoted(text: str) -> list[str]:
    """Return the code quotes outside fenced blocks."""
    return [re.sub(r"\s+", " ", code) for code in re.findall(r"`([^`]+)`", _FENCED.sub("", text))]


def words_of(line: str) -> list[str]:
    """Return the words of a command up to a comment or an operator of the shell."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    words = list(lexer)
    operators = [place for place, word in enumerate(words) if set(word) <= set("|&;<>")]
    return words[: operators[0]] if operators else words


def command_of(words: list[str]) -> tuple[Any, list[str]]:
    """Return the command that the words name, and the words after its name."""
    command: Any = get_command(app)
    rest = words[1:]
    while rest and rest[0] in getattr(command, "commands", {}):
        command, rest = command.commands[rest[0]], rest[1:]
    return command, rest


def options_of(command: Any) -> set[str]:
    own = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return own.union({"--help"}, *map(options_of, getattr(command, "commands", {}).values()))


def parsed(line: str) -> dict[str, Any]:
    """Return the values of a command's parameters. An unknown command or option, or a missing argument, is an error."""
    command, rest = command_of(words_of(line))
    if hasattr(command, "commands"):
        raise ValueError(f"No such command: {line}")
    values: dict[str, Any] = command.make_context(command.name, rest).params
    return values


SHOWN = [
    pytest.param(line, id=f"{page.relative_to(ROOT)}: {line}")
    for page in PAGES
    for line in fenced(page.read_text("utf-8"))
    if line.startswith("azml-audit ")
]
QUOTED = [
    pytest.param(line, id=f"{page.relative_to(ROOT)}: {line}")
    for page in PAGES
    for line in quoted(page.read_text("utf-8"))
    if line.startswith("azml-audit ")
]


@pytest.mark.parametrize("line", SHOWN)
def test_a_command_that_a_page_shows_can_be_parsed(line: str) -> None:
    values = parsed(line)
    checks = {check.id for check in BUILT_IN}
    named = {words_of(line)[place + 1] for place, word in enumerate(words_of(line)) if word == "--policy"}
    loaded([name for name in sorted(named) if not name.endswith(".yaml")], registry())
    assert values.get("check_id") is None or _is_finding(values["check_id"]) or values["check_id"] in checks


@pytest.mark.parametrize("line", QUOTED)
def test_a_command_in_code_quotes_exists_with_its_options(line: str) -> None:
    command, rest = command_of(line.split())
    assert not rest or rest[0].startswith("-") or not hasattr(command, "commands"), f"no such command: {line}"
    assert set(re.findall(r"--[a-z][a-z-]*", " ".join(rest))) <= options_of(command)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_an_option_in_code_quotes_exists(page: Path) -> None:
    shown = {code.split()[0] for code in quoted(page.read_text("utf-8")) if re.match(r"--[a-z]", code)}
    assert shown - OF_OTHER_TOOLS.get(str(page.relative_to(ROOT)), set()) <= options_of(get_command(app))


def _is_finding(word: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", word) is not None


def test_an_example_of_trace_names_a_check_of_the_default_policy() -> None:
    (default,) = loaded(["baseline"], registry())
    chosen = {each.check.id for each in default.checks}
    lines = [line for page in PAGES for line in fenced(page.read_text("utf-8"))]
    named = {parsed(line)["check_id"] for line in lines if line.startswith("azml-audit trace ")}
    traced = {each for each in named if not _is_finding(each)}
    assert traced
    assert traced <= chosen


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("azml-audit scan --polcy baseline", "No such option: --polcy"),
        ("azml-audit scn", "No such command"),
        ("azml-audit", "No such command"),
        ("azml-audit diff monday/", "Missing parameter: new"),
        ("azml-audit scan --auth nobody", "nobody"),
        ("azml-audit trace a.zip NET001 mlw --root 12 | less", "No such option: --root"),
    ],
)
def test_a_wrong_command_is_an_error(line: str, problem: str) -> None:
    with pytest.raises(Exception, match=problem):
        parsed(line)


def test_comments_and_operators_end_a_command() -> None:
    text = (
        "```console\n$ azml-audit scan \\\n  --quiet > out  # --wrong\n- run: azml-audit demo || true\n```\n"
    )
    assert [words_of(line) for line in fenced(text)] == [
        ["azml-audit", "scan", "--quiet"],
        ["azml-audit", "demo"],
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_of_make_and_the_scripts_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    targets = re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert [target for target in targets if f"\n{target}:" not in makefile] == []
    scripts = re.findall(r"(?:^|`)(?:\$ )?python (\S+\.py)", text, re.MULTILINE)
    assert [script for script in scripts if not (ROOT / script).is_file()] == []


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", _FENCED.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_to_a_file_or_heading_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", _FENCED.sub("", page.read_text("utf-8")))
    for link in links:
        name, _, heading = link.partition("#")
        if "://" in link:
            continue
        target = page.parent / name if name else page
        assert target.exists(), link
        assert not heading or heading in anchors(target), link


def test_the_readme_links_every_page_once_in_its_table() -> None:
    table = (ROOT / "README.md").read_text("utf-8").partition("## Documentation")[2]
    linked = re.findall(r"^\| \[[\w-]+\]\((docs/[\w-]+\.md)\)", table, re.MULTILINE)
    assert sorted(linked) == sorted(f"docs/{page.name}" for page in ROOT.glob("docs/*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_path_in_code_quotes_exists(page: Path) -> None:
    paths = [code for code in quoted(page.read_text("utf-8")) if re.fullmatch(r"[\w.-]+(/[\w.-]+)*/?", code)]
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()}
    assert [path for path in paths if path.split("/")[0] in folders and not (ROOT / path).exists()] == []
