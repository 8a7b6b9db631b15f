"""CMP: the network a compute runs in; see also `compute_access`."""

from __future__ import annotations

from checks.contract.connections import is_approved
from checks.contract.isolation import MODE_READS, is_active, is_on, mode_around
from checks.contract.tables import Tables
from checks.contract.three_valued import any_child, of_workspace, says, texts
from checks.contract.words import KINDS
from checks.contract.workloads import MANAGED_TYPES, UNSUPPORTED_TYPES, is_type
from checks.families import frameworks, pages, workload_frameworks
from checks.families.workloads import compute_access, compute_age
from checks.families.workloads.facts import MODE_UNKNOWN, NOT_MANAGED, TYPE_UNKNOWN, or_none, why_not_isolated
from checks.fixes.computes import (
    COMPUTE_DETACHED,
    COMPUTE_IN_NETWORK,
    PUBLIC_ADDRESS_REMOVED,
    REGION_OF_WORKSPACE,
    SUBNET_REMOVED,
)
from checks.frames import pd
from checks.model import Answers, Check, Params, Severity, answer, check
from checks.network.targets import resource_type_of

_AKS, _ARC = "microsoft.containerservice/managedclusters", "microsoft.kubernetes/connectedclusters"

SECURE_TRAINING = "https://learn.microsoft.com/azure/machine-learning/how-to-secure-training-vnet"


@check(
    id="CMP001",
    title="No public address",
    over="computes",
    severity=Severity.HIGH,
    reads=("computes.compute_type", "computes.enable_node_public_ip", "computes.public_ip_address"),
    remediation=PUBLIC_ADDRESS_REMOVED,
    controls=frameworks.INBOUND,
    references=(
        SECURE_TRAINING,
        compute_access.COMPUTE_CLUSTER,
        pages.COMPUTE_TEMPLATE,
    ),
    looks_at="row",
)
def compute_has_no_public_address(tables: Tables, _params: Params) -> Answers:
    """Anyone on the internet can find, scan and attack a node with a public address.

    Asked of compute clusters and compute instances: `enableNodePublicIp` has to be false, and an
    instance must not report a `publicIpAddress` either, even if its flag is false; clusters report none.
    By contract the flag defaults to true, but a flag that was left out or null is unknown, never a
    pass; so is an instance that did not report its addresses at all.
    """
    computes = tables.computes
    flag, address = computes["enable_node_public_ip"], computes["public_ip_address"]
    is_instance = is_type(computes, "ComputeInstance")
    has_address = address.ne("") & is_instance
    return answer(
        known=flag.notna() | has_address,
        passed=~(flag | has_address),
        applies=is_type(computes, *MANAGED_TYPES),
        observed="enableNodePublicIp "
        + flag.astype("string").str.lower().fillna("not reported")
        + (", publicIpAddress " + or_none(address)).where(is_instance.fillna(value=False), ""),
        expected="enableNodePublicIp false, no publicIpAddress",
        failed=("The compute has the public address " + address + ".").where(
            has_address.fillna(value=False), "enableNodePublicIp is true, so nodes get public addresses."
        ),
        unknown=f"enableNodePublicIp, the instance's addresses, {TYPE_UNKNOWN}",
        not_applicable=NOT_MANAGED,
    )


@check(
    id="CMP002",
    title="Runs inside a network",
    over="computes",
    severity=Severity.HIGH,
    reads=(
        "computes.compute_type",
        "computes.subnet_id",
        *MODE_READS,
        "workspaces.managed_network_status",
    ),
    remediation=COMPUTE_IN_NETWORK,
    controls=workload_frameworks.COMPUTE_NETWORK,
    references=(SECURE_TRAINING, pages.MANAGED_MODES),
    looks_at="row",
)
def compute_runs_inside_a_network(tables: Tables, _params: Params) -> Answers:
    """Without a network of the customer's, only Azure's defaults restrict the traffic of a compute.

    Asked of compute clusters and compute instances: a subnet of its own or the managed network of its
    workspace passes, neither fails. A managed network counts once it is provisioned: a compute that exists while
    the network is Inactive runs outside it. Azure's built-in policy 7804b5c7 looks at the subnet alone; a compute
    in a managed network has none, so the policy calls it non-compliant, and here it passes. A subnet, mode or
    status that was not reported is unknown unless the other one decides.
    """
    computes = tables.computes
    subnet, mode = computes["subnet_id"], mode_around(tables)
    is_built = of_workspace(is_active(tables.workspaces), computes)
    is_inside = is_on(mode) & is_built
    return answer(
        known=subnet.ne("").fillna(value=False) | is_inside.notna(),
        passed=subnet.ne("") | is_inside,
        applies=is_type(computes, *MANAGED_TYPES),
        observed="subnet " + or_none(subnet) + ", isolationMode " + mode.fillna("not reported"),
        expected="a subnet, or a managed network that is on and provisioned",
        failed=pd.Series(
            "The compute has no subnet, and its workspace has no managed network.",
            index=computes.index,
            dtype="string",
        ).mask(
            (is_on(mode) & ~is_built).fillna(value=False),
            "The compute has no subnet, and the managed network of its workspace is not provisioned.",
        ),
        unknown=f"The subnet, the network's status, {MODE_UNKNOWN}",
        passes=("The compute runs in the subnet " + subnet + ".")
        .mask(subnet.eq("").fillna(value=True), "")
        .mask(
            (subnet.eq("") & is_on(mode)).fillna(value=False),
            "The compute runs in the managed network and has no subnet; built-in policy 7804b5c7 reports "
            "it as non-compliant.",
        ),
        not_applicable=NOT_MANAGED,
    )


@check(
    id="CMP003",
    title="No custom subnet against the managed network",
    over="computes",
    severity=Severity.MEDIUM,
    reads=("computes.compute_type", "computes.subnet_id", *MODE_READS),
    remediation=SUBNET_REMOVED,
    controls=frameworks.MANAGED_NETWORK,
    references=(f"{pages.MANAGED_NETWORK}#limitations",),
    looks_at="row",
)
def compute_has_no_subnet_against_the_managed_network(tables: Tables, _params: Params) -> Answers:
    """A compute in a custom subnet is outside the managed network, so the outbound rules do not apply to it.

    Asked of compute clusters and compute instances while isolation is on, where Azure supports no custom subnet; one
    that is left from before fails. Computes of a hub or a Project fail whatever the mode, because Azure supports a
    network of the customer's own for neither. With isolation off in other workspaces a subnet is welcome and the
    check does not apply. A subnet, mode or kind of workspace that was not reported is unknown.
    """
    computes = tables.computes
    subnet, mode = computes["subnet_id"], mode_around(tables)
    kind = of_workspace(tables.workspaces["kind"], computes)
    needs_managed = says(kind, "Hub", "Project", among=KINDS) & subnet.ne("")
    return answer(
        known=subnet.notna(),
        passed=subnet.eq(""),
        applies=is_type(computes, *MANAGED_TYPES) & (is_on(mode) | needs_managed),
        observed="subnet " + or_none(subnet) + ", isolationMode " + mode.fillna("not reported"),
        expected="no subnet",
        failed="The compute is in the subnet " + subnet.fillna("") + ", outside the managed network.",
        unknown=f"The subnet, {MODE_UNKNOWN}",
        not_applicable=why_not_isolated(computes, mode),
    )


@check(
    id="CMP004",
    title="Same region as the workspace",
    over="computes",
    severity=Severity.MEDIUM,
    reads=(
        "computes.compute_type",
        "computes.compute_location",
        "computes.attached_resource_id",
        "workspaces.location",
        *MODE_READS,
        "workspaces.private_endpoint_connections_known",
        "private_endpoint_connections.status",
    ),
    remediation=REGION_OF_WORKSPACE,
    controls=frameworks.MANAGED_NETWORK,
    references=(
        f"{pages.MANAGED_NETWORK}#limitations",
        f"{pages.PRIVATE_LINK}#limitations",
    ),
)
def compute_is_in_the_region_of_its_workspace(tables: Tables, _params: Params) -> Answers:
    """A managed network covers one region, so a compute in another region runs outside it and moves data there.

    Asked of compute clusters and compute instances while isolation is on or the workspace has an approved private
    endpoint, and of attached AKS clusters in the latter case: `computeLocation` has to be the workspace's location,
    however either is spelled. A Kubernetes compute is AKS if its `resourceId` is a managedCluster; the page does not
    bind clusters of Azure Arc. A location, mode, connection or `resourceId` that was not reported is unknown.
    """
    computes = tables.computes
    mode, own = mode_around(tables), computes["compute_location"]
    location = of_workspace(tables.workspaces["location"], computes)
    workspaces, connections = tables.workspaces, tables.private_endpoint_connections
    has_endpoint = of_workspace(
        any_child(
            is_approved(connections),
            connections,
            workspaces,
            known=workspaces["private_endpoint_connections_known"],
        ),
        computes,
    )
    return answer(
        known=own.notna() & location.notna(),
        passed=_region(own).eq(_region(location)),
        applies=(is_type(computes, *MANAGED_TYPES) & (is_on(mode) | has_endpoint))
        | (_is_aks(computes) & has_endpoint),
        observed=own,
        expected=location.fillna("the workspace's region"),
        failed="The compute is in " + own.fillna("") + ", its workspace in " + location.fillna("") + ".",
        unknown=f"Either location, the workspace's private endpoint connections, the attached cluster, {MODE_UNKNOWN}",
        not_applicable="The workspace has neither a managed network nor a private endpoint, or the compute is of a "
        "kind that neither binds to a region.",
    )


def _is_aks(computes: pd.DataFrame) -> pd.Series:
    """Return for each compute whether it is an AKS cluster. `<NA>` for a Kubernetes cluster of an unknown type."""
    clusters = texts(computes["attached_resource_id"], lambda id: resource_type_of(id) or "")
    is_managed = says(clusters, _AKS, among=(_AKS, _ARC))
    return is_type(computes, "AKS") | (is_type(computes, "Kubernetes") & is_managed)


def _region(location: pd.Series) -> pd.Series:
    return location.str.lower().str.replace(" ", "", regex=False)


@check(
    id="CMP005",
    title="Attached kind is supported by the managed network",
    over="computes",
    severity=Severity.MEDIUM,
    reads=("computes.compute_type", *MODE_READS),
    remediation=COMPUTE_DETACHED,
    controls=frameworks.MANAGED_NETWORK,
    references=(f"{pages.MANAGED_NETWORK}#limitations",),
    looks_at="row",
)
def compute_kind_is_supported_by_the_managed_network(tables: Tables, _params: Params) -> Answers:
    """Attached clusters and machines stay in their own network, so the outbound rules do not apply to their jobs.

    Asked while isolation is on: compute clusters and compute instances pass. Kubernetes, AKS and virtual machines
    fail, because Microsoft lists them as not supported; `isAttachedCompute` does not matter, an AKS cluster that
    the workspace itself made is outside as well. No source names the other kinds, such as Databricks or
    HDInsight, as supported or not, so they are unknown, as is a kind or a mode that was not reported.
    """
    computes = tables.computes
    kind, mode = computes["compute_type"], mode_around(tables)
    return answer(
        known=says(kind, *MANAGED_TYPES, *UNSUPPORTED_TYPES),
        passed=says(kind, *MANAGED_TYPES),
        applies=is_on(mode),
        observed=kind,
        expected=" or ".join(MANAGED_TYPES),
        failed="A managed network does not support the kind " + kind.fillna("") + ".",
        unknown="Azure's documentation does not state whether a managed network supports the kind "
        + kind.fillna("(not reported)")
        + ", or the isolation mode was not reported or is an undocumented word.",
        not_applicable="The managed network is off.",
    )


CHECKS: tuple[Check, ...] = (
    compute_has_no_public_address,
    compute_runs_inside_a_network,
    compute_has_no_subnet_against_the_managed_network,
    compute_is_in_the_region_of_its_workspace,
    compute_kind_is_supported_by_the_managed_network,
    compute_access.remote_login_is_closed_to_the_public,
    compute_access.local_authentication_is_off,
    compute_access.instance_runs_the_latest_image,
    compute_age.compute_is_younger_than_the_private_endpoint,
)

DESCRIPTION = "computes"
