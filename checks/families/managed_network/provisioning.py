"""MVN003: Azure has provisioned the managed network before a compute or endpoint uses it."""

from __future__ import annotations

from checks.contract.isolation import MODE_READS, effective_mode, is_active, is_on
from checks.contract.tables import Tables
from checks.contract.three_valued import any_child, of_workspace, says
from checks.contract.workloads import MANAGED_TYPES, is_managed, is_type
from checks.families import frameworks, pages
from checks.fixes.network_settings import NETWORK_PROVISIONED
from checks.frames import pd
from checks.model import Answers, Params, Severity, answer, check


@check(
    id="MVN003",
    title="The managed network is provisioned",
    over="workspaces",
    severity=Severity.HIGH,
    reads=(
        *MODE_READS,
        "workspaces.managed_network_status",
        "workspaces.computes_known",
        "workspaces.online_endpoints_known",
        "computes.compute_type",
        "endpoints.kind",
        "endpoints.compute_id",
    ),
    remediation=NETWORK_PROVISIONED,
    controls=frameworks.MANAGED_NETWORK,
    references=(f"{pages.MANAGED_NETWORK}#manually-provision-a-managed-vnet",),
)
def managed_network_is_provisioned(tables: Tables, _params: Params) -> Answers:
    """A managed network isolates nothing until Azure has provisioned it, even if the workspace has an isolation mode.

    The check applies if isolation is on. The status Active passes. Inactive fails if the workspace, or
    another that shares the network (a hub and its Projects), has a compute cluster, a compute instance or
    a managed online endpoint. Attached computes, and online endpoints on an attached cluster, need no
    managed network. If nothing runs in an inactive network, the check does not apply: Azure provisions the
    network with the first compute.

    The answer is unknown if Azure did not report the mode or the status. An inactive network without known
    computes or endpoints is unknown too if the reader could not read all of them, or if a Project in any
    subscription names no hub, because it may use the network of any hub. Workspaces of the kinds Default
    and FeatureStore have no Projects. The check does not count Projects that the reader cannot see.
    """
    workspaces = tables.workspaces
    mode, status = effective_mode(workspaces), workspaces["managed_network_status"]
    is_built = is_active(workspaces)
    return answer(
        known=is_built.notna(),
        passed=is_built,
        applies=is_on(mode) & (is_built | _is_used(tables)),
        observed="network status " + status,
        expected="network status Active",
        failed="The managed network is "
        + status.fillna("")
        + " although computes or online endpoints exist.",
        unknown="The network's mode or status was not reported or is an undocumented word, what runs in it was not "
        "all read, or a Project that names no hub may run in it.",
        not_applicable=pd.Series(
            "Nothing runs in the network yet: Azure creates it with the first compute.",
            index=status.index,
            dtype="string",
        ).mask(says(mode, "Disabled").fillna(value=False), "The managed network is off."),
    )


def _is_used(tables: Tables) -> pd.Series:
    """Per workspace whether anything runs in the network it shares; `<NA>` where only what is unread may."""
    workspaces, computes, endpoints = tables.workspaces, tables.computes, tables.endpoints
    has_compute = any_child(is_type(computes, *MANAGED_TYPES), _by_network(computes, workspaces), workspaces)
    has_endpoint = any_child(
        says(endpoints["endpoint_type"], "online") & is_managed(endpoints),
        _by_network(endpoints, workspaces),
        workspaces,
    )
    return has_compute | has_endpoint | _more_may_run(workspaces)


def _by_network(children: pd.DataFrame, workspaces: pd.DataFrame) -> pd.DataFrame:
    """The rows as if they belonged to the workspace whose network they use."""
    return children.assign(workspace_id=of_workspace(workspaces["judged_by"], children))


def _more_may_run(workspaces: pd.DataFrame) -> pd.Series:
    """Per workspace False where all that shares its network is known and was read, `<NA>` elsewhere."""
    was_read = workspaces["computes_known"].fillna(value=False).astype(bool)
    was_read &= workspaces["online_endpoints_known"].fillna(value=False).astype(bool)
    is_settled = was_read.groupby(workspaces["judged_by"], dropna=False).transform("all")
    if workspaces["judged_by"].isna().any():
        is_settled &= says(workspaces["kind"], "Default", "FeatureStore").fillna(value=False).astype(bool)
    return pd.Series(data=False, index=workspaces.index, dtype="boolean").where(is_settled)
