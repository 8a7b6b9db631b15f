"""Audits to render: toy checks of every shape, and what policies with waivers make of a tenant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import pandas as pd

from checks.contract.tables import Tables
from checks.engine.asking import findings
from checks.model import Answers, Check, ChosenCheck, Params, Remediation, Severity, answer, check
from checks.policy.judge import PolicyVerdict, concluded, judged
from checks.policy.model import Waiver
from checks.policy.selectors import workspace_facts
from checks.policy.waivers import Waived, waived
from reports.audit import Audit
from reports.page import html_page
from reports.writing.encoding import Files


def _equals(column: pd.Series[str], expected: str, *, failed: str) -> Answers:
    """Pass where the column has the expected value."""
    return answer(
        known=column.notna(),
        passed=column.eq(expected),
        observed=column,
        expected=expected,
        failed=failed,
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
    return _equals(status, "Approved", failed="The connection is not approved.")


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
    return _equals(tables.outbound_rules["status"], "Active", failed="Azure could not put the rule in force.")


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
    waivers: Sequence[Waiver] = (),
    is_azure: bool = True,
    finished_at: datetime = FINISHED,
) -> Audit:
    """The tables judged by policies, each a name and its checks; by default one named baseline.

    The waivers are those of the first policy.
    """
    chosen = {"baseline": CHECKS} if policies is None else policies
    of_policy = dict.fromkeys(chosen, ()) | ({next(iter(chosen)): tuple(waivers)} if chosen else {})
    results = {name: _waived(tables, name, checks, of_policy[name]) for name, checks in chosen.items()}
    return Audit(
        tool_version="0.1.0",
        source="Azure Resource Manager, management.azure.com" if is_azure else "the embedded emulator",
        is_azure=is_azure,
        started_at=STARTED,
        finished_at=finished_at,
        tables=tables,
        findings=pd.concat([result.findings for result in results.values()], ignore_index=True),
        verdicts=tuple(
            _concluded(name, result, chosen[name], tables.gaps.empty) for name, result in results.items()
        ),
        checks={each.id: each for checks in chosen.values() for each in checks},
    )


def written(files: Files) -> dict[str, bytes]:
    """The files as they would be written."""
    return {name: b"".join(chunks) for name, chunks in files.items()}


def html_of(audit: Audit) -> str:
    """The HTML of the page."""
    return written(html_page.files(audit))[html_page.NAME].decode()


def waiver(check: str, resource: str = "*", *, reason: str = "Borne.", expires: str = "2026-12-31") -> Waiver:
    """A waiver of that check; it expires after `STARTED` unless told otherwise."""
    return Waiver.model_validate(
        {
            "check": check,
            "resource": resource,
            "reason": reason,
            "approver": "jane.doe@contoso.example",
            "expires": expires,
            "ticket": "SEC-1234",
        }
    )


def _waived(tables: Tables, policy: str, checks: Sequence[Check], waivers: Sequence[Waiver]) -> Waived:
    found = judged(findings(tables, _chosen(checks)), policy)
    named = [(f"{policy}.yaml: waivers[{number}]", each) for number, each in enumerate(waivers)]
    return waived(found, named, workspace_facts(tables), STARTED.date())


def _concluded(policy: str, result: Waived, checks: Sequence[Check], is_complete: bool) -> PolicyVerdict:
    return concluded(
        result.findings,
        policy=policy,
        description=f"What {policy} wants of every workspace.",
        checks=tuple(sorted(each.id for each in checks)),
        fail_on=Severity.HIGH,
        complete=is_complete,
        expired_waivers=result.expired,
        waivers=result.applied,
        orphan_waivers=result.orphans,
    )


def _chosen(checks: Iterable[Check]) -> list[ChosenCheck]:
    return [ChosenCheck(check=each, severity=each.severity, params=each.params()) for each in checks]
