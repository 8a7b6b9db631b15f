"""CMP: how users sign in to a compute, and whether its image is current; see also `computes`."""

from __future__ import annotations

from checks.contract.tables import Tables
from checks.contract.three_valued import says
from checks.contract.words import ACCESS
from checks.contract.workloads import MANAGED_TYPES, is_type
from checks.families import frameworks, pages, workload_frameworks
from checks.families.workloads.facts import NOT_MANAGED, TYPE_UNKNOWN
from checks.fixes.computes import LATEST_IMAGE_TAKEN, LOCAL_AUTHENTICATION_OFF, SSH_CLOSED
from checks.frames import pd
from checks.model import Answers, Params, Severity, answer, check

_LEARN = "https://learn.microsoft.com/azure/machine-learning"
AZURE_POLICY = f"{_LEARN}/how-to-integrate-azure-policy"
COMPUTE_CLUSTER = f"{_LEARN}/how-to-create-attach-compute-cluster"
COMPUTE_INSTANCE = f"{_LEARN}/how-to-create-compute-instance"
VULNERABILITIES = f"{_LEARN}/concept-vulnerability-management"


@check(
    id="CMP006",
    title="SSH and remote login are closed to the public",
    over="computes",
    severity=Severity.HIGH,
    reads=(
        "computes.compute_type",
        "computes.ssh_public_access",
        "computes.remote_login_port_public_access",
        "computes.enable_node_public_ip",
        "computes.public_ip_address",
    ),
    remediation=SSH_CLOSED,
    controls=frameworks.INBOUND,
    references=(
        COMPUTE_INSTANCE,
        COMPUTE_CLUSTER,
        pages.COMPUTE_TEMPLATE,
    ),
    looks_at="row",
)
def remote_login_is_closed_to_the_public(tables: Tables, _params: Params) -> Answers:
    """Attackers find an open SSH port on a public address within minutes.

    `sshSettings.sshPublicAccess` decides for compute instances, `remoteLoginPortPublicAccess` for compute clusters:
    Disabled passes. Enabled fails if the compute has, or may get, a public address: `enableNodePublicIp` true or a
    `publicIpAddress`. Without a public address nobody outside reaches the port, so Enabled passes then.
    NotSpecified means closed in a subnet and open elsewhere, and Azure settles it at creation, so it is unknown here;
    so is a port, or the address of an open one, that was not reported.
    """
    computes = tables.computes
    is_instance = is_type(computes, "ComputeInstance").fillna(value=False)
    port = computes["remote_login_port_public_access"].mask(is_instance, computes["ssh_public_access"])
    name = pd.Series("remoteLoginPortPublicAccess", index=computes.index, dtype="string").mask(
        is_instance, "sshPublicAccess"
    )
    flag, address = computes["enable_node_public_ip"], computes["public_ip_address"]
    has_address = (address.ne("") & is_instance) | flag
    is_open = says(port, "Enabled", among=ACCESS)
    return answer(
        known=is_open.notna(),
        passed=~(is_open & has_address),
        applies=is_type(computes, *MANAGED_TYPES),
        observed=name + " " + port.fillna("not reported") + _address(has_address),
        expected=name + " Disabled, or no public address",
        failed=name + " is " + port.fillna("") + " on a public address: anyone may try the port.",
        passes=pd.Series("", index=computes.index, dtype="string").mask(
            is_open.fillna(value=False), "The port is open, but the compute has no public address."
        ),
        unknown=f"The port's access or the compute's public address is not settled, {TYPE_UNKNOWN}",
        not_applicable=NOT_MANAGED,
    )


def _address(has_address: pd.Series) -> pd.Series:
    words = has_address.map({True: ", public address", False: ", no public address"}).astype("string")
    return words.fillna(", public address not reported")


@check(
    id="CMP007",
    title="Local authentication is off",
    over="computes",
    severity=Severity.MEDIUM,
    reads=("computes.compute_type", "computes.disable_local_auth"),
    remediation=LOCAL_AUTHENTICATION_OFF,
    controls=workload_frameworks.LOCAL_AUTHENTICATION,
    references=(AZURE_POLICY, COMPUTE_CLUSTER),
    looks_at="row",
)
def local_authentication_is_off(tables: Tables, _params: Params) -> Answers:
    """Local authentication uses SSH accounts on the compute, which Entra ID cannot revoke.

    Asked of compute clusters and compute instances, as the built-in policy e96a9a5f does:
    `disableLocalAuth` has to be true. The policy calls a value left out non-compliant; here it is
    unknown.
    """
    computes = tables.computes
    is_off = computes["disable_local_auth"]
    return answer(
        known=is_off.notna(),
        passed=is_off,
        applies=is_type(computes, *MANAGED_TYPES),
        observed="disableLocalAuth " + is_off.astype("string").str.lower(),
        expected="disableLocalAuth true",
        failed="The compute accepts local accounts.",
        unknown=f"disableLocalAuth, {TYPE_UNKNOWN}",
        not_applicable=NOT_MANAGED,
    )


@check(
    id="CMP008",
    title="Instances run the latest image",
    over="computes",
    severity=Severity.LOW,
    reads=("computes.compute_type", "computes.is_latest_os_image_version"),
    remediation=LATEST_IMAGE_TAKEN,
    controls=workload_frameworks.LATEST_IMAGE,
    references=(
        f"{VULNERABILITIES}#compute-instance",
        pages.COMPUTE_TEMPLATE,
    ),
    looks_at="row",
)
def instance_runs_the_latest_image(tables: Tables, _params: Params) -> Answers:
    """An instance keeps the image of the day it was created, with its vulnerabilities.

    Asked of compute instances: `osImageMetadata.isLatestOsImageVersion` has to be true. Clusters are
    not asked: they take the latest image whenever they have scaled down to no nodes. A value that was
    not reported is unknown.
    """
    computes = tables.computes
    is_latest = computes["is_latest_os_image_version"]
    return answer(
        known=is_latest.notna(),
        passed=is_latest,
        applies=is_type(computes, "ComputeInstance"),
        observed="isLatestOsImageVersion " + is_latest.astype("string").str.lower(),
        expected="isLatestOsImageVersion true",
        failed="The instance does not run the latest image.",
        unknown=f"isLatestOsImageVersion, {TYPE_UNKNOWN}",
        not_applicable="The compute is no compute instance.",
    )
