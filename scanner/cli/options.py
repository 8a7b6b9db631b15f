"""Make options: one frozen dataclass for options that belong together, whose fields are annotated with them.

`scanner.cli.command` expands a dataclass into the parameters of a command. Those that several commands share are in
`audit_options` and `azure_options`.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection
from enum import StrEnum
from pathlib import Path
from typing import Any

import typer

from checks.suggestions import did_you_mean
from scanner.errors import UsageError


def options(panel: str | None = None) -> Callable[..., Any]:
    """Return the maker of the options under one heading of a help page.

    It takes the flags, the metavar (empty for a switch), the help and, if the option takes one word of an
    enum, the enum as `choices`.
    """

    def option(
        flags: str, metavar: str, help: str, *, choices: type[StrEnum] | None = None, **settings: Any
    ) -> Any:
        if choices is not None:
            settings |= {
                "parser": _parser(choices),
                "autocompletion": lambda incomplete: _starting(choices, incomplete),
            }
        return typer.Option(
            *flags.split(), metavar=metavar or None, help=help, rich_help_panel=panel, **settings
        )

    return option


def _parser(choices: type[StrEnum]) -> Callable[[str], StrEnum]:
    def parsed(word: str) -> StrEnum:
        if word not in list(choices):
            hint = did_you_mean(word, choices)
            raise typer.BadParameter(f"There is no {word!r}. {hint}Choose from: {', '.join(choices)}.")
        return choices(word)

    return parsed


def _starting(choices: type[StrEnum], start: str) -> list[str]:
    return [each for each in choices if each.startswith(start)]


def is_given(context: typer.Context, name: str) -> bool:
    """Return whether the user gave this parameter on the command line."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def given_options(context: typer.Context, *, without: Collection[str]) -> str:
    """Return the options that the user gave as words of a shell, to repeat them in another command."""
    words: list[str] = []
    for parameter in context.command.params:
        name = parameter.name or ""
        if name in without or not is_given(context, name):
            continue
        value = context.params[name]
        if value is True:
            words.append(parameter.opts[0])
            continue
        for each in value if isinstance(value, list | tuple) else [value]:
            words += [parameter.opts[0], shlex.quote(str(each))]
    return " ".join(words)


Texts = list[str] | None
"""The type of an option that can be repeated."""


Paths = list[Path] | None
"""The type of an option that names one path, of which each mention is kept for `the_one`."""


def named_path(word: str) -> Path:
    """Return the path. Raises BadParameter for an empty word, which would be the current folder."""
    if not word:
        raise typer.BadParameter("The path is empty. Name a file or a folder, or `.` for the current folder.")
    return Path(word)


def the_one(option: str, paths: Paths) -> Path | None:
    """Return the path of an option, None without it. Raises UsageError if the option was given more than once."""
    if paths and len(paths) > 1:
        raise UsageError(f"{option} is given more than once: {', '.join(map(str, paths))}. Name one.")
    return paths[0] if paths else None
