"""Every option that a command's help shows is read by that command, and whatever a scan takes is used."""

from __future__ import annotations

import ast
import builtins
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, get_type_hints

import pytest

import scanner
import scanner.cli
from scanner.cli.command import Command, Group
from scanner.commands.job import Job


def commands() -> Iterator[Command]:
    """Every command of every module of the command line."""
    for module in iter_modules(scanner.cli.__path__, "scanner.cli."):
        for value in list(vars(import_module(module.name)).values()):
            if isinstance(value, Command):
                yield value
            elif isinstance(value, Group):
                yield from value.commands


COMMANDS = {each.work: each for each in commands()}
GROUPS = [
    pytest.param(each.work, name, hint, id=f"{each.name}-{hint.__name__}")
    for each in COMMANDS.values()
    for name, hint in get_type_hints(each.work, localns={"Terminal": object}).items()
    if isinstance(hint, type) and is_dataclass(hint)
]


def fields_read(function: Callable[..., Any], parameter: str, group: type) -> set[str]:
    """The fields of the group that a function reads of a parameter, and what it passes it to."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and _is(node.value, parameter):
            member = inspect.getattr_static(group, node.attr, None)
            method = member.fget if isinstance(member, property) else member
            is_method = inspect.isfunction(method)
            found |= fields_read(method, "self", group) if is_method and method else {node.attr}
        elif isinstance(node, ast.Call):
            for passed, called in _taking(function, tree, node, parameter):
                found |= fields_read(called, passed, group)
    return found


def _taking(
    function: Callable[..., Any], tree: ast.AST, call: ast.Call, parameter: str
) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The called function and its name of the parameter, if the call passes the parameter on."""
    positions = [place for place, each in enumerate(call.args) if _is(each, parameter)]
    names = [each.arg for each in call.keywords if each.arg and _is(each.value, parameter)]
    called = _called(function, tree, call.func) if positions or names else None
    if inspect.isfunction(called):
        parameters = [each for each in inspect.signature(called).parameters if each != "self"]
        yield from ((each, called) for each in [*(parameters[place] for place in positions), *names])


def _called(function: Callable[..., Any], tree: ast.AST, called: ast.expr) -> Any:
    """The function or method of a group that a call names; None or something else for any other."""
    if isinstance(called, ast.Name):
        known = function.__globals__.get(called.id) or getattr(builtins, called.id, None)
        return known or _imported(tree, called.id)
    if not isinstance(called, ast.Attribute) or not isinstance(called.value, ast.Name):
        return None
    hints = get_type_hints(function, localns={"Terminal": object, "Snapshot": object, "Subject": object})
    hints["self"] = function.__globals__.get(function.__qualname__.partition(".")[0])
    return inspect.getattr_static(hints.get(called.value.id), called.attr, None)


def _imported(tree: ast.AST, name: str) -> Callable[..., Any]:
    """The function that the body imports by this name."""
    (module,) = (
        each.module
        for each in ast.walk(tree)
        if isinstance(each, ast.ImportFrom) and each.module and name in [alias.name for alias in each.names]
    )
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found


def _is(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


@pytest.mark.parametrize(("work", "parameter", "group"), GROUPS)
def test_a_command_reads_every_option_of_its_groups(
    work: Callable[..., int], parameter: str, group: Any
) -> None:
    unread = {each.name for each in fields(group)} - fields_read(work, parameter, group)
    assert not unread, (
        f"read {sorted(unread)} in {work.__name__}, or move it to a group that only others have"
    )


def test_a_scan_uses_every_field_of_its_job() -> None:
    folder = Path(next(iter(scanner.__path__)))
    texts = [path.read_text("utf-8") for path in folder.rglob("*.py") if path.parent.name != "cli"]
    unused = {
        each.name
        for each in fields(Job)
        if not any(re.search(rf"\bjob\.{each.name}\b", text) for text in texts)
    }
    assert unused == set()
