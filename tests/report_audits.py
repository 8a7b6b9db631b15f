"""Audits to render: toy checks of every shape, and tenants from empty to a thousand workspaces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from checks.judge import concluded, judged
from checks.model import Answers, Check, ChosenCheck, Params, Remediation, Severity, answer, check
from checks.run import findings
from checks.schema import Tables
from reports.audit import Audit

HOSTILE_NAMES = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    "<!--<script>",
    "{{7*7}}{% raise %}",
    "\u202eevil\u2066\u0007\x1b[31m",
    "'; rm -rf ~; $(reboot) `id` ${x} %{y}",
    '=HYPERLINK("http://x.example","click")',
    "javascript:alert(3)",
)

REFERENCE = "https://learn.microsoft.com/azure/machine-learning/how-to-managed-network"


@check(
    id="NET001",
    title="Public network access is disabled",
    over="workspaces",
    severity=Severity.HIGH,
    reads=("workspaces.public_network_access",),
    remediation=Remediation(
        summary="Turn public network access off.",
        az="az ml workspace update --name {{workspace}} --resource-group {{resource_group}} \\\n"
        "  --subscription {{subscription_id}} --public-network-access Disabled",
        bicep="resource workspace 'Microsoft.MachineLearningServices/workspaces@2025-09-01' = {\n"
        "  name: {{workspace}}\n  properties: {\n    publicNetworkAccess: 'Disabled'\n  }\n}",
        terraform='resource "azurerm_machine_learning_workspace" "this" {\n'
        "  name                          = {{workspace}}\n  public_network_access_enabled = false\n}",
        caution="Without an approved private endpoint nobody can reach the workspace afterwards.",
    ),
    controls={"MCSB": ("NS-2",), "NIST SP 800-53": ("AC-4", "SC-7")},
    references=(REFERENCE, "javascript:alert(4)"),
)
def public_network_access_is_disabled(tables: Tables, params: Params) -> Answers:
    """A workspace that answers the internet is one stolen token away from anybody.

    Decided by publicNetworkAccess; unknown where it was not reported.
    """
    access = tables.workspaces["public_network_access"]
    return answer(
        known=access.notna(),
        passed=access.str.lower().eq("disabled"),
        observed=access,
        expected="Disabled",
        failed="The workspace " + tables.workspaces["workspace"].fillna("") + " answers any address.",
        passes="Only private endpoints reach it.",
    )


@check(
    id="PEP001",
    title="An approved private endpoint exists",
    over="private_endpoint_connections",
    severity=Severity.MEDIUM,
    reads=("private_endpoint_connections.status",),
    remediation=Remediation(
        summary="Approve the connection.",
        az="az network private-endpoint-connection approve --id {{connection_id}}",
    ),
)
def connection_is_approved(tables: Tables, params: Params) -> Answers:
    """A connection that waits carries nothing."""
    status = tables.private_endpoint_connections["status"]
    return answer(
        known=status.notna(),
        passed=status.eq("Approved"),
        observed=status,
        expected="Approved",
        failed="The connection is not approved.",
    )


@check(
    id="MVN001",
    title="The managed virtual network is on",
    over="workspaces",
    severity=Severity.CRITICAL,
    reads=("workspaces.isolation_mode", "workspaces.managed_network_reported"),
    remediation=Remediation(
        summary="Switch the managed network on.",
        az="az ml workspace update --ids {{workspace_id}} --managed-network allow_internet_outbound",
        caution="It cannot be switched off again.",
    ),
    references=(REFERENCE,),
)
def managed_network_is_on(tables: Tables, params: Params) -> Answers:
    """Without it every compute has the internet before it."""
    workspaces = tables.workspaces
    mode = workspaces["isolation_mode"].mask(
        workspaces["managed_network_reported"].eq(other=False).fillna(value=False), "Disabled"
    )
    return answer(
        known=mode.notna(),
        passed=mode.ne("Disabled"),
        observed=mode,
        expected="AllowInternetOutbound or AllowOnlyApprovedOutbound",
        failed="No managed network surrounds the computes of this workspace.",
        unknown="The api-version this workspace was read with cannot show a managed network.",
    )


@check(
    id="OBR001",
    title="The rule is in force",
    over="outbound_rules",
    severity=Severity.MEDIUM,
    reads=("outbound_rules.status",),
    remediation=Remediation(
        summary="Set the rule again.",
        az="az ml workspace outbound-rule set --workspace-name {{workspace}} "
        "--resource-group {{resource_group}} --rule {{rule}}",
    ),
)
def rule_is_in_force(tables: Tables, params: Params) -> Answers:
    """A failed rule opens nothing."""
    status = tables.outbound_rules["status"]
    return answer(
        known=status.notna(),
        passed=status.eq("Active"),
        observed=status,
        expected="Active",
        failed="Azure could not put the rule in force.",
    )


@check(
    id="OBR006",
    title="Host names are no wider than needed",
    over="outbound_rules",
    severity=Severity.LOW,
    reads=("outbound_rules.type", "outbound_rules.fqdn"),
    remediation=Remediation(
        summary="Name the hosts one by one.",
        az="az ml workspace outbound-rule remove --workspace-name {{workspace}} --rule {{rule}}",
    ),
)
def host_names_are_narrow(tables: Tables, params: Params) -> Answers:
    """A wildcard is as wide as its owner wants."""
    rules = tables.outbound_rules
    return answer(
        known=rules["fqdn"].notna(),
        passed=~rules["fqdn"].str.startswith("*"),
        observed=rules["fqdn"],
        expected="a whole host name",
        failed="Anybody may own a host under " + rules["fqdn"].fillna("") + ".",
        applies=rules["type"].eq("FQDN"),
        not_applicable="Only host-name rules have a host.",
    )


@check(
    id="SEC001",
    title="Does not crash",
    over="workspaces",
    severity=Severity.INFORMATIONAL,
    reads=(),
    remediation=Remediation(summary="None."),
)
def does_crash(tables: Tables, params: Params) -> Answers:
    """Raises, as somebody's plug-in may."""
    raise RuntimeError("the plug-in broke")


CHECKS: tuple[Check, ...] = (
    public_network_access_is_disabled,
    connection_is_approved,
    managed_network_is_on,
    rule_is_in_force,
    host_names_are_narrow,
)

CRASHING = does_crash

STARTED = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
FINISHED = datetime(2026, 5, 4, 9, 32, 7, tzinfo=UTC)


def audit_of(
    tables: Tables,
    policies: Mapping[str, Sequence[Check]] | None = None,
    *,
    is_azure: bool = True,
    finished_at: datetime = FINISHED,
) -> Audit:
    """The tables judged by policies, each a name and its checks; by default one named baseline."""
    chosen = {"baseline": CHECKS} if policies is None else policies
    frames = {name: judged(findings(tables, _chosen(checks)), name) for name, checks in chosen.items()}
    verdicts = tuple(
        concluded(
            frames[name],
            policy=name,
            description=f"What {name} wants of every workspace.",
            checks=tuple(sorted(each.id for each in checks)),
            fail_on=Severity.HIGH,
            complete=tables.gaps.empty,
        )
        for name, checks in chosen.items()
    )
    return Audit(
        tool_version="0.1.0",
        source="Azure Resource Manager, management.azure.com" if is_azure else "the embedded emulator",
        is_azure=is_azure,
        started_at=STARTED,
        finished_at=finished_at,
        tables=tables,
        findings=pd.concat(frames.values(), ignore_index=True),
        verdicts=verdicts,
        checks={each.id: each for checks in chosen.values() for each in checks},
    )


def _chosen(checks: Iterable[Check]) -> list[ChosenCheck]:
    return [ChosenCheck(check=each, severity=each.severity, params=each.params()) for each in checks]


DEPARTMENTS = ("Retail", "Risk", "Research", "Sandbox", "Platform")
MODES = ("AllowInternetOutbound", "AllowOnlyApprovedOutbound", "Disabled", None)
REGIONS = ("westeurope", "eastus2", "swedencentral", "japaneast", None)
HOSTS = (
    "pypi.org",
    "*.pythonhosted.org",
    "*.anaconda.com",
    "packages.contoso.example",
    "*.blob.core.windows.net",
)

Row = dict[str, Any]


def subscription_id(number: int) -> str:
    """A made-up subscription id."""
    return f"{number:08x}-1111-4222-8333-444455556666"


def workspace_row(number: int, *, subscriptions: int = 5, name: str | None = None) -> Row:
    """One workspace; every fourth is fully known and closed, every seventh has a rule list not read."""
    subscription, group = subscription_id(number % subscriptions), f"rg-ml-{number % 7}"
    named = name or f"mlw-{('fraud', 'churn', 'vision', 'Demand', 'nlp')[number % 5]}-{number:04d}"
    mode = MODES[number % 4]
    return {
        "workspace_id": f"/subscriptions/{subscription}/resourceGroups/{group}/providers/"
        f"Microsoft.MachineLearningServices/workspaces/{named}",
        "workspace": named,
        "kind": "Hub" if number % 9 == 8 else "Default",
        "subscription_id": subscription,
        "resource_group": group,
        "location": REGIONS[number % 5],
        "api_version": "2025-09-01",
        "public_network_access": ("Enabled", "Disabled", None)[number % 3 if number % 5 else 0],
        "network_acls_default_action": "Deny" if number % 6 == 0 else None,
        "ip_rules": "203.0.113.0/24, 198.51.100.7" if number % 6 == 0 else None,
        "managed_network_reported": None if mode is None and number % 8 == 7 else mode is not None,
        "isolation_mode": mode,
        "managed_network_status": "Active" if mode in MODES[:2] else None,
        "outbound_rules_known": number % 7 != 3,
        "private_endpoint_connections_known": number % 11 != 4,
    }


def project_row(number: int, hub: Row) -> Row:
    """A Project of the hub, which says Enabled of itself."""
    name = f"project-{number}"
    return {
        **{key: hub[key] for key in ("subscription_id", "resource_group", "location", "api_version")},
        "workspace_id": hub["workspace_id"].rpartition("/")[0] + "/" + name,
        "workspace": name,
        "kind": "Project",
        "hub_resource_id": hub["workspace_id"],
        "public_network_access": "Enabled",
        "managed_network_reported": False,
        "outbound_rules_known": True,
        "private_endpoint_connections_known": True,
    }


def rule_rows(workspace: Row, count: int) -> list[Row]:
    """Rules of all three types, some failing."""
    kinds = ("FQDN", "ServiceTag", "PrivateEndpoint")
    return [_rule_row(workspace, number, kinds[number % 3]) for number in range(count)]


def _rule_row(workspace: Row, number: int, kind: str) -> Row:
    host = HOSTS[number % len(HOSTS)]
    target = (
        workspace["workspace_id"].partition("/providers/")[0]
        + "/providers/Microsoft.Storage/storageAccounts/st"
    )
    destination = {"FQDN": host, "ServiceTag": "AzureMonitor", "PrivateEndpoint": f"{target}{number}"}[kind]
    name = f"{kind.lower()}-{number}"
    return {
        "rule_id": f"{workspace['workspace_id']}/outboundRules/{name}",
        "workspace_id": workspace["workspace_id"],
        "rule": name,
        "type": kind,
        "category": ("UserDefined", "Required", "Dependency")[number % 3],
        "status": "Failed" if number % 5 == 4 else "Active",
        "error_information": "Target not found" if number % 5 == 4 else None,
        "destination": destination,
        "fqdn": host if kind == "FQDN" else None,
        "service_tag": "AzureMonitor" if kind == "ServiceTag" else None,
        "protocol": "TCP" if kind == "ServiceTag" else None,
        "port_ranges": "443" if kind == "ServiceTag" else None,
        "service_resource_id": destination if kind == "PrivateEndpoint" else None,
        "subresource_target": "blob" if kind == "PrivateEndpoint" else None,
    }


def connection_row(workspace: Row, number: int) -> Row:
    """A connection, of which every third waits."""
    name = f"pe-{number}"
    return {
        "connection_id": f"{workspace['workspace_id']}/privateEndpointConnections/{name}",
        "workspace_id": workspace["workspace_id"],
        "connection": name,
        "status": "Pending" if number % 3 == 2 else "Approved",
        "private_endpoint_id": f"/subscriptions/{workspace['subscription_id']}/resourceGroups/rg-net"
        f"/providers/Microsoft.Network/privateEndpoints/{name}",
    }


def subscription_row(number: int, *, read: bool = True, workspaces: int | None = None) -> Row:
    """A subscription, read or refused."""
    id = subscription_id(number)
    return {
        "subscription_resource_id": f"/subscriptions/{id}",
        "subscription_id": id,
        "subscription": f"Contoso {DEPARTMENTS[number % 5]} {number}",
        "state": "Enabled",
        "read": read,
        "workspaces": workspaces,
        "note": None if read else "The list of its workspaces was refused.",
    }


def gap_row(scope: str, asked: str, subscription: str | None) -> Row:
    """Something refused."""
    return {
        "gap_id": f"{scope} {asked}",
        "scope": scope,
        "subscription_id": subscription,
        "asked": asked,
        "request": f"GET https://management.azure.com{scope}/{asked}?api-version=2025-09-01",
        "http_status": 403,
        "code": "AuthorizationFailed",
        "message": "The client does not have authorization to perform this action over the scope.",
        "closes": f"Grant Reader on {scope}.",
    }


def tenant(
    count: int = 25, *, subscriptions: int = 5, rules: int = 6, names: Mapping[int, str] | None = None
) -> Tables:
    """A tenant of `count` workspaces with a hub's Projects, gaps and one subscription that was refused."""
    named = names or {}
    workspaces = [workspace_row(n, subscriptions=subscriptions, name=named.get(n)) for n in range(count)]
    projects = [project_row(n, hub) for n, hub in enumerate(w for w in workspaces if w["kind"] == "Hub")]
    refused = subscription_id(subscriptions)
    unread = [workspace for n, workspace in enumerate(workspaces) if n % 7 == 3]
    return Tables.of(
        subscriptions=[
            *(subscription_row(n, workspaces=count // subscriptions) for n in range(subscriptions)),
            subscription_row(subscriptions, read=False),
        ],
        workspaces=[*workspaces, *projects],
        outbound_rules=[
            rule
            for n, workspace in enumerate(workspaces)
            if workspace["isolation_mode"] and n % 7 != 3
            for rule in rule_rows(workspace, rules)
        ],
        private_endpoint_connections=[
            connection_row(workspace, n + m)
            for n, workspace in enumerate(workspaces)
            if n % 11 != 4
            for m in range(n % 3)
        ],
        gaps=[
            gap_row(f"/subscriptions/{refused}", "workspaces", refused),
            *(gap_row(w["workspace_id"], "outboundRules", w["subscription_id"]) for w in unread),
        ],
    )


def hostile_tenant() -> Tables:
    """A tenant in which every name is an attack."""
    return tenant(len(HOSTILE_NAMES) * 3, names={n * 3: name for n, name in enumerate(HOSTILE_NAMES)})
