"""The fixes of the CMP checks in az CLI, Bicep and Terraform.

The user replaces `$NAMES` and `var.names`; the report fills in `{{names}}`.
The commands and properties are those of azure-cli's ml extension 2, api-version 2025-12-01 and azapi 2.
"""

from __future__ import annotations

from checks.model import Remediation

_OF_COMPUTE = (
    "--name {{compute}} --workspace-name {{workspace}} --resource-group {{resource_group}} "
    "--subscription {{subscription_id}}"
)
_DELETE = f"az ml compute delete {_OF_COMPUTE} --yes"
_CREATE = f'az ml compute create {_OF_COMPUTE} --type {{{{compute_type}}}} --size "$SIZE"'

_RECREATED = (
    "Azure takes the setting only at creation: delete the compute and create it again. Deletion stops running "
    "jobs and erases the disk of a compute instance. First save notebooks to the workspace's file share."
)


def _bicep(*lines: str, outer: tuple[str, ...] = ()) -> str:
    before = "".join(f"    {line}\n" for line in outer)
    inner = "".join(f"      {line}\n" for line in ("vmSize: vmSize", *lines))
    return (
        "resource workspace 'Microsoft.MachineLearningServices/workspaces@2025-12-01' existing = {\n"
        "  name: {{workspace}}\n"
        "}\n"
        "resource compute 'Microsoft.MachineLearningServices/workspaces/computes@2025-12-01' = {\n"
        "  parent: workspace\n"
        "  name: {{compute}}\n"
        "  location: {{location}}\n"
        "  properties: {\n"
        "    computeType: {{compute_type}}\n"
        f"{before}"
        "    properties: {\n"
        f"{inner}"
        "    }\n"
        "  }\n"
        "}"
    )


def _terraform(*lines: str, outer: tuple[str, ...] = ()) -> str:
    before = "".join(f"      {line}\n" for line in outer)
    inner = "".join(f"        {line}\n" for line in ("vmSize = var.vm_size", *lines))
    return (
        'resource "azapi_resource" "compute" {\n'
        '  type      = "Microsoft.MachineLearningServices/workspaces/computes@2025-12-01"\n'
        "  parent_id = {{workspace_id}}\n"
        "  name      = {{compute}}\n"
        "  location  = {{location}}\n"
        "  body = {\n"
        "    properties = {\n"
        "      computeType = {{compute_type}}\n"
        f"{before}"
        "      properties = {\n"
        f"{inner}"
        "      }\n"
        "    }\n"
        "  }\n"
        "}"
    )


PUBLIC_ADDRESS_REMOVED = Remediation(
    summary="Create the compute again without public IP addresses for its nodes.",
    az=f"{_DELETE}\n{_CREATE} --enable-node-public-ip false",
    bicep=_bicep("enableNodePublicIp: false"),
    terraform=_terraform("enableNodePublicIp = false"),
    caution=f"{_RECREATED} Nodes without a public IP address reach the service only through a managed network "
    "or a subnet with outbound access.",
)

COMPUTE_IN_NETWORK = Remediation(
    summary="Enable the workspace's managed network, or create the compute again in a subnet.",
    az="az ml workspace update --name {{workspace}} --resource-group {{resource_group}} "
    "--subscription {{subscription_id}} --managed-network allow_only_approved_outbound\n"
    f"{_DELETE}\n{_CREATE} --enable-node-public-ip false",
    bicep=_bicep("enableNodePublicIp: false", "subnet: { id: subnetId }"),
    terraform=_terraform("enableNodePublicIp = false", "subnet             = { id = var.subnet_id }"),
    caution=f"{_RECREATED} Azure cannot disable a managed network again, and only computes created after it "
    "use it. Set a subnet only if isolation stays off: Azure does not support both.",
)

SUBNET_REMOVED = Remediation(
    summary="Create the compute again without a subnet of its own, so that it runs in the managed network.",
    az=f"{_DELETE}\n{_CREATE} --enable-node-public-ip false",
    bicep=_bicep("enableNodePublicIp: false"),
    terraform=_terraform("enableNodePublicIp = false"),
    caution=f"{_RECREATED} First add an outbound rule for each destination that the compute reaches through "
    "its subnet.",
)

REGION_OF_WORKSPACE = Remediation(
    summary="Create the compute again in the region of the workspace.",
    az=f"{_DELETE}\n{_CREATE} --location {{{{location}}}}",
    bicep=_bicep(outer=("computeLocation: {{location}}",)),
    terraform=_terraform(outer=("computeLocation = {{location}}",)),
    caution=f"{_RECREATED} First check that the region offers the VM size and has quota for it.",
)

CREATED_AFTER_THE_ENDPOINT = Remediation(
    summary="Create the compute again, now that the workspace has a private endpoint.",
    az=f"{_DELETE}\n{_CREATE} --enable-node-public-ip false",
    bicep=_bicep("enableNodePublicIp: false"),
    terraform=_terraform("enableNodePublicIp = false"),
    caution=f"{_RECREATED} If the endpoint only replaced an older one, the compute works and needs a waiver instead.",
)

COMPUTE_DETACHED = Remediation(
    summary="Detach the compute and run its work on a compute cluster in the managed network.",
    az=f"az ml compute detach {_OF_COMPUTE} --yes\n"
    f'az ml compute create --name "$CLUSTER" {_OF_COMPUTE.partition("{{compute}} ")[2]} '
    '--type AmlCompute --size "$SIZE" --enable-node-public-ip false',
    caution="Jobs and endpoints that use the compute fail after the detach. The cluster or machine itself keeps "
    "running, and Azure keeps billing it.",
)

SSH_CLOSED = Remediation(
    summary="Create the compute again without public SSH access.",
    az=f"{_DELETE}\n{_CREATE} --ssh-public-access-enabled false",
    bicep=_bicep(
        "// a ComputeInstance takes sshSettings, an AmlCompute remoteLoginPortPublicAccess",
        "sshSettings: { sshPublicAccess: 'Disabled' }",
        "remoteLoginPortPublicAccess: 'Disabled'",
    ),
    terraform=_terraform(
        "# a ComputeInstance takes sshSettings, an AmlCompute remoteLoginPortPublicAccess",
        'sshSettings                 = { sshPublicAccess = "Disabled" }',
        'remoteLoginPortPublicAccess = "Disabled"',
    ),
    caution=f"{_RECREATED} In a managed network, `az ml compute connect-ssh` connects to an instance that has "
    "no public port.",
)

LOCAL_AUTHENTICATION_OFF = Remediation(
    summary="Create the compute again with local authentication disabled.",
    az=f"{_DELETE}\n"
    "az rest --method put --url {{compute_id}} --url-parameters api-version=2025-12-01 "
    '--body "$BODY_WITH_DISABLE_LOCAL_AUTH_TRUE"',
    bicep=_bicep(outer=("disableLocalAuth: true",)),
    terraform=_terraform(outer=("disableLocalAuth = true",)),
    caution=f"{_RECREATED} Users can no longer sign in to its nodes with a local password or key.",
)

LATEST_IMAGE_TAKEN = Remediation(
    summary="Create the instance again: Azure does not update the image of an existing instance.",
    az=f"{_DELETE}\n{_CREATE}",
    bicep=_bicep(),
    terraform=_terraform(),
    caution=_RECREATED,
)
