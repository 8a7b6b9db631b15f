"""`azml-audit permissions`: print the least role that a scan by some policies needs."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from checks.registry import registry
from scanner.choices import RoleFormat
from scanner.doctor.permissions import as_commands, as_json, consequences, needed
from scanner.policies import loaded
from scanner.terminal import print_lines


def show_permissions(
    names: Sequence[str],
    out: Console,
    notes: Console,
    *,
    collect_all: bool,
    management_groups: Sequence[str],
    scopes: Sequence[str],
    without: Sequence[str],
    role_format: RoleFormat,
) -> int:
    """Print the custom role, or the commands that create and assign it. Raises PolicyError or UsageError.

    `notes` gets what the scan cannot read `without` some actions, so that `out` stays a role.
    """
    policies = loaded(names, registry())
    need = needed(policies, collect_all=collect_all, groups=management_groups, scopes=scopes, without=without)
    written = as_json if role_format is RoleFormat.JSON else as_commands
    print_lines(out, written(need))
    for sentence in consequences(policies, need):
        print_lines(notes, sentence)
    return 0
