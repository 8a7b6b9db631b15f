"""`azml-audit doctor` and `azml-audit permissions`: what an identity may read, before the first scan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from scanner.choices import RoleFormat
from scanner.cli.audit_options import PolicyChoice
from scanner.cli.azure_options import ManagementGroups, Scope, SignIn
from scanner.cli.command import command
from scanner.cli.options import Texts, options
from scanner.errors import UsageError

if TYPE_CHECKING:
    from scanner.terminal import Terminal

_role = options("Role")


@dataclass(frozen=True, kw_only=True)
class Role:
    """The scopes where a custom role can be assigned, and the format to print it in."""

    management_group: ManagementGroups = None
    scope: Annotated[
        Texts,
        _role(
            "--scope", "ID", "A scope where the role can be assigned. Repeatable. [default: a placeholder]"
        ),
    ] = None
    without: Annotated[
        Texts,
        _role(
            *("--without", "ACTION"),
            "Leave an action out, because Azure refuses a role with an action it does not know. Repeatable.",
        ),
    ] = None
    role_format: Annotated[
        RoleFormat,
        _role(
            *("--format", "NAME"),
            "json prints the role definition; az prints the commands that create and assign it.",
            choices=RoleFormat,
        ),
    ] = RoleFormat.JSON


@command(
    examples=["doctor", "doctor --auth managed-identity --policy data-exfiltration", "doctor --tag env=prod"],
    note="Exit codes: 0 ready, 3 the scan would be incomplete, 2 the scan cannot run.",
    logs=True,
)
def doctor(terminal: Terminal, policies: PolicyChoice, scope: Scope, sign_in: SignIn) -> int:
    """Check sign-in, network and permissions before a scan."""
    from scanner.commands.doctor import examine

    wanted = sign_in.for_tenants_of(scope.wanted())
    if len(wanted.tenants) > 1:
        raise UsageError("doctor examines one tenant. Run it once for each --tenant.")
    return examine(
        policies.names,
        wanted,
        sign_in.auth,
        lambda: sign_in.connection(terminal, tenants=wanted.tenants),
        terminal.out,
        collect_all=policies.collect_all,
    )


@command(
    examples=[
        "permissions --policy baseline > role.json",
        "permissions --collect all --management-group corp --format az",
        "permissions --without Microsoft.ResourceGraph/resources/read",
    ]
)
def permissions(terminal: Terminal, policies: PolicyChoice, role: Role) -> int:
    """Print the least custom role that a scan needs.

    The command does not ask Azure. With --without it prints on stderr which checks
    can become unknown.
    """
    from scanner.commands.permissions import show_permissions

    return show_permissions(
        policies.names,
        terminal.out,
        terminal.err,
        collect_all=policies.collect_all,
        management_groups=role.management_group or (),
        scopes=role.scope or (),
        without=role.without or (),
        role_format=role.role_format,
    )
