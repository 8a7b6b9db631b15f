"""How to mend what CMP finds, in az CLI, Bicep and Terraform.

`$NAMES` and `var.names` are what only the reader knows; `{{names}}` are filled in by the report.
Commands and properties as of azure-cli's ml extension 2, api-version 2025-12-01 and azapi 2.
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
    "The setting is fixed when a compute is created: delete it and create it again. Running jobs stop, and "
    "what is stored on the disk of a compute instance is lost; save notebooks to the workspace's file share "
    "first."
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
    summary="Create the compute again without public addresses for its nodes.",
    az=f"{_DELETE}\n{_CREATE} --enable-node-public-ip false",
    bicep=_bicep("enableNodePublicIp: false"),
    terraform=_terraform("enableNodePublicIp = false"),
    caution=f"{_RECREATED} Without a public address nodes need a managed network, or a subnet with a way "
    "out, to reach the service.",
)

COMPUTE_IN_NETWORK = Remediation(
    summary="Switch on the workspace's managed network, or create the compute again in a subnet.",
    az="az ml workspace update --name {{workspace}} --resource-group {{resource_group}} "
    "--subscription {{subscription_id}} --managed-network allow_only_approved_outbound\n"
    f"{_DELETE}\n{_CREATE} --enable-node-public-ip false",
    bicep=_bicep("enableNodePublicIp: false", "subnet: { id: subnetId }"),
    terraform=_terraform("enableNodePublicIp = false", "subnet             = { id = var.subnet_id }"),
    caution=f"{_RECREATED} A managed network cannot be switched off again, and only computes made after it "
    "run inside. Give a subnet only where isolation stays off: the two exclude each other.",
)

SUBNET_GIVEN_UP = Remediation(
    summary="Create the compute again without a subnet of its own, so that it runs in the managed network.",
    az=f"{_DELETE}\n{_CREATE} --enable-node-public-ip false",
    bicep=_bicep("enableNodePublicIp: false"),
    terraform=_terraform("enableNodePublicIp = false"),
    caution=f"{_RECREATED} Whatever the compute reached through its subnet needs an outbound rule first.",
)

REGION_OF_WORKSPACE = Remediation(
    summary="Create the compute again in the region of the workspace.",
    az=f"{_DELETE}\n{_CREATE} --location {{{{location}}}}",
    bicep=_bicep(outer=("computeLocation: {{location}}",)),
    terraform=_terraform(outer=("computeLocation = {{location}}",)),
    caution=f"{_RECREATED} Look first whether the region has the size and the quota.",
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
    caution="Jobs and endpoints that name the compute fail from then on. Detaching leaves the cluster or "
    "machine itself running and billed.",
)

SSH_CLOSED = Remediation(
    summary="Create the compute again with SSH closed to the public.",
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
    caution=f"{_RECREATED} In a managed network `az ml compute connect-ssh` reaches an instance without a "
    "public port.",
)

LOCAL_AUTHENTICATION_OFF = Remediation(
    summary="Create the compute again with local authentication off.",
    az=f"{_DELETE}\n"
    "az rest --method put --url {{compute_id}} --url-parameters api-version=2025-12-01 "
    '--body "$BODY_WITH_DISABLE_LOCAL_AUTH_TRUE"',
    bicep=_bicep(outer=("disableLocalAuth: true",)),
    terraform=_terraform(outer=("disableLocalAuth = true",)),
    caution=f"{_RECREATED} Nobody can sign in to its nodes with a password or key of its own any more.",
)

LATEST_IMAGE_TAKEN = Remediation(
    summary="Create the instance again: a running one keeps the image it was created with.",
    az=f"{_DELETE}\n{_CREATE}",
    bicep=_bicep(),
    terraform=_terraform(),
    caution=_RECREATED,
)
