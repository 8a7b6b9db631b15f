"""Turn a function that takes option groups into a command of typer.

An option group is a frozen dataclass whose fields are annotated options (`scanner.cli.options`):

    @command(examples=["doctor --auth cli"])
    def doctor(terminal: Terminal, scope: Scope, sign_in: SignIn) -> int: ...

typer sees one parameter for every field of `Scope` and `SignIn`. The terminal comes from the boundary, and
the number that the function returns is the exit code.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import Any, get_type_hints

import typer

from scanner.cli.audit_options import Logging
from scanner.cli.boundary import run
from scanner.cli.help import PanelCommand, PanelGroup, epilog


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command that is not yet part of a group; `main` adds it to one."""

    work: Callable[..., int]
    name: str
    epilog: str
    logs: bool

    def add_to(self, group: typer.Typer, panel: str | None = None) -> None:
        """Register the command with typer."""
        group.command(self.name, cls=PanelCommand, epilog=self.epilog, rich_help_panel=panel)(
            _with_a_parameter_per_field(self.work, logs=self.logs)
        )


@dataclass(frozen=True, kw_only=True)
class Group:
    """Commands under one word, such as `azml-audit checks`."""

    name: str
    help: str
    commands: tuple[Command, ...]

    def add_to(self, app: typer.Typer, panel: str | None = None) -> None:
        """Register the group and its commands with typer."""
        group = typer.Typer(cls=PanelGroup, help=self.help, no_args_is_help=True)
        for each in self.commands:
            each.add_to(group)
        app.add_typer(group, name=self.name, rich_help_panel=panel)


def command(
    name: str | None = None, *, examples: Sequence[str], note: str = "", logs: bool = False
) -> Callable[[Callable[..., int]], Command]:
    """Make a command of a function: its docstring is the help, and `examples` end the help page.

    With `logs` the command has the options of `Logging`, which configure the boundary.
    """

    def made(work: Callable[..., int]) -> Command:
        return Command(work=work, name=name or work.__name__, epilog=epilog(examples, note), logs=logs)

    return made


def _with_a_parameter_per_field(work: Callable[..., int], *, logs: bool) -> Callable[..., None]:
    # Terminal is imported for type checkers only, because it imports rich.
    hints = get_type_hints(work, localns={"Terminal": object}, include_extras=True)
    groups: dict[str, Any] = {}
    parameters = []
    for parameter in list(inspect.signature(work).parameters.values())[1:]:
        hint = hints[parameter.name]
        if is_dataclass(hint):
            groups[parameter.name] = hint
            parameters += _parameters_of(hint)
        else:
            parameters.append(parameter.replace(annotation=hint, kind=parameter.KEYWORD_ONLY))
    parameters += _parameters_of(Logging) if logs else []

    def called(**values: Any) -> None:
        made = {name: _taken_from(values, group) for name, group in groups.items()}
        log = _taken_from(values, Logging) if logs else Logging()
        run(lambda terminal: work(terminal, **made, **values), log.log_level, log.log_format)

    called.__doc__ = work.__doc__
    called.__annotations__ = {each.name: each.annotation for each in parameters}
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return called


def _taken_from(values: dict[str, Any], group: Any) -> Any:
    return group(**{field.name: values.pop(field.name) for field in fields(group)})


def _parameters_of(group: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in fields(group)
    ]
