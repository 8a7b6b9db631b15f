"""`azml-audit permissions`: print the least role that a scan by some policies needs."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from checks.registry import registry
from scanner.choices import RoleFormat
from scanner.doctor.permissions import as_commands, as_json, needed
from scanner.policies import loaded
from scanner.terminal import print_lines


def show_permissions(
    names: Sequence[str],
    out: Console,
    *,
    collect_all: bool,
    management_groups: Sequence[str],
    scopes: Sequence[str],
    role_format: RoleFormat,
) -> int:
    """Print the custom role, or the commands that create and assign it. Raises PolicyError or UsageError."""
    need = needed(loaded(names, registry()), collect_all=collect_all, groups=management_groups, scopes=scopes)
    written = as_json if role_format is RoleFormat.JSON else as_commands
    print_lines(out, written(need))
    return 0
