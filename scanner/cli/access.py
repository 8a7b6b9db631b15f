"""The command line of what an identity must be allowed, and whether it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner.boundary import run as _run
from scanner.choices import Auth, CloudName, Collect, LogFormat, LogLevel, RoleFormat
from scanner.cli import options

if TYPE_CHECKING:
    from scanner.commands.scan import Connection
    from scanner.terminal import Terminal

PERMISSIONS_EXAMPLES = (
    "Examples: azml-audit permissions --policy baseline > role.json · "
    "azml-audit permissions --collect all --management-group corp --format az"
)
DOCTOR_EXAMPLES = (
    "Examples: azml-audit doctor · azml-audit doctor --auth managed-identity --policy data-exfiltration"
)


def permissions(
    policy: options.Policies = None,
    collect: options.CollectWhat = Collect.POLICY,
    management_group: options.ManagementGroups = None,
    scope: options.RoleScopes = None,
    role_format: options.RoleAs = RoleFormat.JSON,
) -> None:
    """Print the custom role that a scan needs, exactly: no other action. Asks nothing of Azure."""

    def command(terminal: Terminal) -> int:
        from scanner.commands.permissions import show_permissions

        return show_permissions(
            policy or options.DEFAULT_POLICIES,
            terminal.out,
            collect_all=collect is Collect.ALL,
            management_groups=management_group or (),
            scopes=scope or (),
            role_format=role_format,
        )

    _run(command)


def doctor(
    policy: options.Policies = None,
    subscription: options.Subscriptions = None,
    exclude_subscription: options.Excluded = None,
    management_group: options.ManagementGroups = None,
    auth: options.AuthMethod = Auth.DEFAULT,
    tenant: options.Tenant = None,
    client_id: options.ClientId = None,
    cloud: options.Cloud = CloudName.AZURE,
    arm_endpoint: options.ArmEndpoint = None,
    ca_bundle: options.CaBundle = None,
    collect: options.CollectWhat = Collect.POLICY,
    log_level: options.Level = LogLevel.WARNING,
    log_format: options.Format = LogFormat.TEXT,
) -> None:
    """Look for what would limit a scan, before the first one. Exits 0, 3 for gaps to come, 2 for no way."""

    def command(terminal: Terminal) -> int:
        from scanner.commands.doctor import examine
        from scanner.commands.scan import connection
        from scanner.reading.scope import Wanted

        wanted = Wanted(
            subscriptions=subscription or (),
            excluded=exclude_subscription or (),
            management_groups=management_group or (),
        )

        def connect() -> Connection:
            return connection(
                auth=auth,
                cloud_name=cloud,
                arm_endpoint=arm_endpoint,
                tenant=tenant,
                client_id=client_id,
                ca_bundle=ca_bundle,
                prompt=terminal.err.print,
            )

        return examine(
            policy or options.DEFAULT_POLICIES,
            wanted,
            auth,
            connect,
            terminal.out,
            collect_all=collect is Collect.ALL,
        )

    _run(command, log_level, log_format)
