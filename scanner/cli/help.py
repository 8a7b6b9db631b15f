"""Help pages in plain text: options and commands under headings, one example to a line.

typer draws its panels only with rich, which takes as long to import as everything else that help needs
(0.14 s, not 0.075 s) and leaves 22 of 80 columns for the descriptions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from typer.core import TyperCommand, TyperGroup

_FIRST_COLUMN = 26
_LOWER_BOUND = re.compile(r"; x>=\d+(?=])|  \[x>=\d+]")
_RANGE = re.compile(r"(\d+)<=x<=(\d+)")
_OTHERS = "Options"

Row = tuple[str, str]


class PanelCommand(TyperCommand):
    """A command whose help lists its options under their `rich_help_panel`."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, every panel, then the options without a panel."""
        _write(formatter, _option_panels(self.get_params(ctx), ctx))


class PanelGroup(TyperGroup):
    """A group whose help lists its commands under their `rich_help_panel`, before its own options."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write every panel of commands, then the options."""
        commands = [command for command in self.commands.values() if not command.hidden]
        panels = [
            (getattr(each, "rich_help_panel", None) or "Commands", (each.name or "", _summary(each.help)))
            for each in commands
        ]
        _write(formatter, [*panels, *_option_panels(self.get_params(ctx), ctx)])


def epilog(examples: Sequence[str], note: str = "") -> str:
    r"""Return the end of a help page; `\b` keeps the lines of its paragraph as they are."""
    lines = [f"  azml-audit {example}" for example in examples]
    listed = "\n".join(["\b", "Example:" if len(lines) == 1 else "Examples:", *lines])
    return "\n\n".join(part for part in (note, listed if lines else "") if part)


def _option_panels(parameters: Iterable[Any], ctx: Any) -> list[tuple[str, Row]]:
    rows = []
    for parameter in parameters:
        record = parameter.get_help_record(ctx)
        if record is not None:
            is_argument = parameter.param_type_name == "argument"
            panel = getattr(parameter, "rich_help_panel", None) or _OTHERS
            flags, text = record
            text = _RANGE.sub(r"\1 to \2", _LOWER_BOUND.sub("", text))
            rows.append(("Arguments" if is_argument else panel, (flags, text)))
    return sorted(rows, key=lambda row: (row[0] != "Arguments", row[0] == _OTHERS))


def _write(formatter: Any, rows: Iterable[tuple[str, Row]]) -> None:
    panels: dict[str, list[Row]] = {}
    for panel, row in rows:
        panels.setdefault(panel, []).append(row)
    for panel, listed in panels.items():
        with formatter.section(panel):
            formatter.write_dl(listed, col_max=_FIRST_COLUMN)


def _summary(text: str | None) -> str:
    """Return the first line of a help text, whole; the formatter wraps it."""
    return (text or "").strip().partition("\n")[0]
