"""END: access to the endpoints of a workspace, their authentication, and their outbound traffic."""

from __future__ import annotations

from checks.contract.isolation import MODE_READS, effective_mode, is_on
from checks.contract.tables import Tables
from checks.contract.three_valued import of_workspace, says
from checks.contract.words import ACCESS
from checks.families import frameworks, pages, workload_frameworks
from checks.families.workloads.facts import (
    ACCESS_READS,
    MANAGED_READS,
    answers_selected_addresses,
    is_online,
)
from checks.families.workloads.selected_addresses import (
    batch_endpoints_are_reachable,
    selected_addresses_are_backed_by_isolation,
)
from checks.fixes.endpoints import (
    ACCESS_COMBINED_AS_DOCUMENTED,
    ENDPOINT_BY_ENTRA_ID,
    ENDPOINT_PRIVATE,
    LEGACY_ISOLATION_REMOVED,
)
from checks.frames import pd
from checks.model import Answers, Check, Params, Severity, answer, check

_LEARN = "https://learn.microsoft.com/azure/machine-learning"
SECURE_ENDPOINT = f"{_LEARN}/concept-secure-online-endpoint"
AUTHENTICATION = f"{_LEARN}/how-to-authenticate-online-endpoint"
SERVERLESS_ENDPOINT_API = "https://learn.microsoft.com/rest/api/azureml/serverless-endpoints"

ONLINE_ONLY = ("online_endpoints_known",)


@check(
    id="END001",
    title="Online endpoint is private",
    over="endpoints",
    severity=Severity.HIGH,
    reads=("endpoints.public_network_access", *MANAGED_READS, *ACCESS_READS),
    remediation=ENDPOINT_PRIVATE,
    controls=frameworks.INBOUND,
    references=(f"{SECURE_ENDPOINT}#secure-inbound-scoring-requests",),
    known_by=ONLINE_ONLY,
    looks_at="row",
)
def online_endpoint_is_private(tables: Tables, _params: Params) -> Answers:
    """Only a key or token protects a public endpoint.

    `publicNetworkAccess` of the managed online endpoint itself decides, and only Disabled passes: a private
    workspace does not make its endpoints private. If the workspace answers to selected addresses alone, the
    endpoint respects them, and the reason states it; it stays public and fails. Not reported, or an undocumented
    word, is unknown. Endpoints on a Kubernetes cluster are reached through the cluster, batch endpoints follow
    the workspace, and serverless endpoints have no such flag: none of them is judged.
    """
    endpoints = tables.endpoints
    access = endpoints["public_network_access"]
    is_selected = of_workspace(answers_selected_addresses(tables.workspaces), endpoints).fillna(value=False)
    who = pd.Series("the internet", index=access.index, dtype="string").mask(
        is_selected.astype(bool), "the selected addresses of its workspace"
    )
    return answer(
        known=says(access, "Enabled", "Disabled"),
        passed=says(access, "Disabled"),
        applies=is_online(tables.endpoints),
        observed=access,
        expected="Disabled",
        failed="publicNetworkAccess is " + access.fillna("") + ", so the endpoint answers to " + who + ".",
        unknown="publicNetworkAccess of the endpoint was not reported, or is a word that Azure has not documented.",
        passes="Callers come in by the workspace's private endpoint only.",
        not_applicable="Only managed online endpoints have public network access of their own.",
    )


@check(
    id="END002",
    title="Endpoint and workspace access combine as documented",
    over="endpoints",
    severity=Severity.MEDIUM,
    reads=("endpoints.public_network_access", *MANAGED_READS, *ACCESS_READS, "workspaces.ip_rules"),
    remediation=ACCESS_COMBINED_AS_DOCUMENTED,
    controls=frameworks.INBOUND,
    references=(
        f"{pages.PRIVATE_LINK}#scenario-managed-online-endpoints-with-access-from-selected-ip-addresses",
    ),
    known_by=ONLINE_ONLY,
    looks_at="row",
)
def endpoint_and_workspace_access_combine(tables: Tables, _params: Params) -> Answers:
    """A closed workspace does not close its endpoints, so an endpoint can stay open.

    Microsoft's table has four rows (read 2026-11). With the workspace and the endpoint Disabled, both
    refuse public traffic. With the workspace Disabled and the endpoint Enabled, the check fails: Azure does
    not support it, and the addresses that remain on the workspace open the endpoint. With selected addresses
    and the endpoint Disabled, only the workspace accepts them. With selected addresses and the endpoint
    Enabled, both accept them. The table has no row for a workspace that is open to every address, so the
    check does not apply to it. The answer is unknown if Azure did not report an access, or reported an
    undocumented word.
    """
    endpoints, workspaces = tables.endpoints, tables.workspaces
    own = endpoints["public_network_access"]
    outer = of_workspace(workspaces["public_network_access"], endpoints)
    is_closed = says(outer, "Disabled", among=ACCESS)
    is_selected = of_workspace(answers_selected_addresses(workspaces), endpoints)
    is_open = says(own, "Enabled", among=ACCESS)
    action = of_workspace(workspaces["network_acls_default_action"], endpoints)
    return answer(
        known=is_open.notna(),
        passed=~(is_closed & is_open),
        applies=is_online(endpoints) & (is_closed | is_selected),
        observed="workspace "
        + outer.fillna("not reported")
        + ", defaultAction "
        + action.fillna("not reported")
        + "; endpoint "
        + own.fillna("not reported"),
        expected="a combination that is supported: no Enabled endpoint in a Disabled workspace",
        failed="The workspace refuses public traffic and the endpoint is Enabled, which is not supported. "
        + _left_behind(of_workspace(workspaces["ip_rules"], endpoints)),
        unknown="Public access of the endpoint or of its workspace, or the workspace's default action, was "
        "not reported or is an unknown word.",
        passes=_respected(is_closed, is_open),
        not_applicable=pd.Series(
            "The workspace answers to every address, so there are none to respect.",
            index=endpoints.index,
            dtype="string",
        ).where(is_online(endpoints).fillna(value=True), "Only managed online endpoints take part in this."),
    )


def _left_behind(rules: pd.Series) -> pd.Series:
    text = "The endpoint still accepts the addresses that remain on the workspace: " + rules + "."
    text = text.mask(rules.eq("").fillna(value=False), "No addresses remain on the workspace.")
    return text.fillna("Azure did not report whether addresses remain on the workspace.")


def _respected(is_closed: pd.Series, is_open: pd.Series) -> pd.Series:
    closed, opened = is_closed.fillna(value=False), is_open.fillna(value=False)
    text = pd.Series("", index=is_closed.index, dtype="string")
    text = text.mask(closed, "Neither the workspace nor the endpoint takes public traffic.")
    text = text.mask(
        ~closed & ~opened, "The workspace respects its selected addresses; the endpoint takes none."
    )
    return text.mask(~closed & opened, "Workspace and endpoint both respect the selected addresses.")


@check(
    id="END003",
    title="Deployments do not use legacy egress isolation",
    over="online_deployments",
    severity=Severity.MEDIUM,
    reads=(
        "online_deployments.egress_public_network_access",
        "online_deployments.endpoint_compute_type",
        *MODE_READS,
    ),
    remediation=LEGACY_ISOLATION_REMOVED,
    controls=frameworks.MANAGED_NETWORK,
    references=(
        f"{SECURE_ENDPOINT}#secure-outbound-access-with-workspace-managed-virtual-network",
        f"{SECURE_ENDPOINT}#secure-outbound-access-with-legacy-network-isolation-method",
    ),
    looks_at="row",
)
def deployment_does_not_use_legacy_egress_isolation(tables: Tables, _params: Params) -> Answers:
    """The legacy isolation creates a network for the deployment, and the managed network's rules do not apply to it.

    `egressPublicNetworkAccess` Disabled fails in a workspace with a managed network: Azure documents that
    the flag has no effect there. Enabled passes. A flag that was left out is unknown although its default
    is Enabled. The check does not apply without a managed network, because the legacy isolation is better
    than none, or to deployments on Kubernetes, which never had the flag.
    """
    deployments = tables.online_deployments
    egress, kind = deployments["egress_public_network_access"], deployments["endpoint_compute_type"]
    mode = of_workspace(effective_mode(tables.workspaces), deployments)
    is_elsewhere = says(kind, "Kubernetes", among=("Managed", "Kubernetes", "AzureMLCompute"))
    reason = pd.Series("The managed network is off.", index=deployments.index, dtype="string")
    return answer(
        known=says(egress, "Enabled", "Disabled"),
        passed=says(egress, "Enabled"),
        applies=~is_elsewhere & is_on(mode),
        observed="egressPublicNetworkAccess "
        + egress.fillna("not reported")
        + ", isolationMode "
        + mode.fillna("not reported"),
        expected="egressPublicNetworkAccess Enabled, its default",
        failed="The deployment uses legacy egress isolation in a workspace with a managed network.",
        unknown="egressPublicNetworkAccess, endpointComputeType or the isolation mode was not reported, or is an "
        "undocumented word.",
        not_applicable=reason.mask(is_elsewhere.fillna(value=False), "The deployment runs on Kubernetes."),
    )


@check(
    id="END004",
    title="Endpoints use Entra ID, not keys",
    over="endpoints",
    severity=Severity.MEDIUM,
    reads=("endpoints.auth_mode",),
    remediation=ENDPOINT_BY_ENTRA_ID,
    controls=workload_frameworks.ENDPOINT_IDENTITY,
    references=(AUTHENTICATION, SERVERLESS_ENDPOINT_API),
    looks_at="row",
)
def endpoint_uses_entra_id(tables: Tables, _params: Params) -> Answers:
    """A key does not expire, does not identify the caller, and works for everyone who has it.

    The check covers online, batch and serverless endpoints. `authMode` Key fails, and so does KeyAndAAD,
    which accepts a key too. AADToken and AAD pass. AMLToken passes because it expires and is no key; the
    reason notes that it is no Entra ID token. The answer is unknown if Azure did not report the mode or
    reported an undocumented word.
    """
    mode = tables.endpoints["auth_mode"]
    by_token = says(mode, "AMLToken").fillna(value=False)
    return answer(
        known=says(mode, "Key", "KeyAndAAD", "AMLToken", "AADToken", "AAD"),
        passed=~says(mode, "Key", "KeyAndAAD"),
        observed=mode,
        expected="AADToken, AAD or AMLToken",
        failed="Everyone who has the endpoint's key can call it: authMode is " + mode.fillna("") + ".",
        unknown="authMode was not reported, or is a word this check does not know.",
        passes=pd.Series("", index=mode.index, dtype="string").mask(
            by_token,
            "Callers send tokens of Azure Machine Learning, which expire but are not Entra ID tokens.",
        ),
    )


CHECKS: tuple[Check, ...] = (
    online_endpoint_is_private,
    endpoint_and_workspace_access_combine,
    deployment_does_not_use_legacy_egress_isolation,
    endpoint_uses_entra_id,
    selected_addresses_are_backed_by_isolation,
    batch_endpoints_are_reachable,
)

DESCRIPTION = "endpoints"
