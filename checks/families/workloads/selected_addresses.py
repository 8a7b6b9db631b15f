"""END005 and END006: what stops working in a workspace that answers to selected addresses."""

from __future__ import annotations

from checks.contract.connections import is_approved
from checks.contract.isolation import MODE_READS, effective_mode, is_on
from checks.contract.tables import Tables
from checks.contract.three_valued import any_child, of_workspace, says
from checks.families import frameworks, pages
from checks.families.workloads.facts import (
    ACCESS_READS,
    MANAGED_READS,
    answers_selected_addresses,
    is_online,
)
from checks.fixes.endpoints import BATCH_REACHED, SELECTED_ADDRESSES_BACKED
from checks.frames import pd
from checks.model import Answers, Params, Severity, answer, check


@check(
    id="END005",
    title="Selected addresses are backed by isolation",
    over="workspaces",
    severity=Severity.MEDIUM,
    reads=(
        *ACCESS_READS,
        *MODE_READS,
        "workspaces.private_endpoint_connections_known",
        "private_endpoint_connections.status",
        "workspaces.online_endpoints_known",
        *MANAGED_READS,
    ),
    remediation=SELECTED_ADDRESSES_BACKED,
    controls=frameworks.INBOUND,
    references=(f"{pages.PRIVATE_LINK}#enable-public-access-only-from-internet-ip-ranges",),
    looks_at="workspace",
)
def selected_addresses_are_backed_by_isolation(tables: Tables, _params: Params) -> Answers:
    """A workspace that allows selected addresses only refuses its own computes unless they connect privately.

    The check applies if public access is Enabled and the default action is Deny. It judges the workspace, because
    Azure then fails to create computes even if no endpoint exists. The managed network has to be on, or a private
    endpoint connection Approved. With the connection alone compute instances work, but deployments of managed
    online endpoints fail, so the check fails if such an endpoint exists. Access, action, mode, connections or
    endpoints that were not reported are unknown unless another value decides.
    """
    workspaces, connections = tables.workspaces, tables.private_endpoint_connections
    known = workspaces["private_endpoint_connections_known"]
    mode = effective_mode(workspaces)
    has_endpoint = any_child(is_approved(connections), connections, workspaces, known=known)
    endpoints = tables.endpoints
    has_online = any_child(
        is_online(endpoints), endpoints, workspaces, known=workspaces["online_endpoints_known"]
    )
    is_backed = is_on(mode) | (has_endpoint & ~has_online)
    seen = has_endpoint.map({True: "an approved private endpoint", False: "no approved private endpoint"})
    return answer(
        known=is_backed.notna(),
        passed=is_backed,
        applies=answers_selected_addresses(workspaces),
        observed="isolationMode "
        + mode.fillna("not reported")
        + ", "
        + seen.astype("string").fillna("connections not read"),
        expected="a managed network, or an approved private endpoint",
        failed=pd.Series(
            "Public access is limited to selected addresses, and neither a managed network nor a private endpoint "
            "lets computes in: creating them fails.",
            index=mode.index,
            dtype="string",
        ).mask(
            has_endpoint.fillna(value=False),
            "Public access is limited to selected addresses. The private endpoint lets computes in, but deployments "
            "of managed online endpoints need the managed network, which is off.",
        ),
        unknown="Public access, its default action, the isolation mode or the private endpoint connections "
        "were not reported, or one of them is an undocumented word.",
        passes=pd.Series("Computes reach the workspace privately.", index=mode.index, dtype="string").mask(
            says(mode, "Disabled").fillna(value=False),
            "A private endpoint exists, but managed online deployments need the managed network as well.",
        ),
        not_applicable="The workspace is not open to selected addresses.",
    )


@check(
    id="END006",
    title="Batch endpoints are not cut off by selected addresses",
    over="endpoints",
    severity=Severity.MEDIUM,
    reads=ACCESS_READS,
    remediation=BATCH_REACHED,
    controls=frameworks.INBOUND,
    references=(f"{pages.PRIVATE_LINK}#enable-public-access-only-from-internet-ip-ranges",),
    known_by=("batch_endpoints_known",),
    looks_at="row",
)
def batch_endpoints_are_reachable(tables: Tables, _params: Params) -> Answers:
    """Azure does not support batch endpoints in a workspace that answers to selected addresses.

    A batch endpoint fails if its workspace has public access Enabled and the default action Deny: the selected
    addresses do not apply to it. The check does not apply to other endpoints. The answer is unknown if Azure did
    not report the access or the default action.
    """
    endpoints, workspaces = tables.endpoints, tables.workspaces
    is_selected = of_workspace(answers_selected_addresses(workspaces), endpoints)
    access = of_workspace(workspaces["public_network_access"], endpoints).fillna("not reported")
    action = of_workspace(workspaces["network_acls_default_action"], endpoints).fillna("not reported")
    return answer(
        known=is_selected.notna(),
        passed=~is_selected,
        applies=says(endpoints["endpoint_type"], "batch"),
        observed="workspace " + access + ", defaultAction " + action,
        expected="a workspace that is closed, or open to every address",
        failed="The workspace answers to selected addresses, which Azure does not support for batch endpoints.",
        unknown="publicNetworkAccess or networkAcls.defaultAction of the workspace was not reported, or is an "
        "undocumented word.",
        not_applicable="The endpoint is no batch endpoint.",
    )
