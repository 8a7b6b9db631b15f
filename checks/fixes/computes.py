"""The fixes of the CMP checks in az CLI, Bicep and Terraform.

Azure takes these settings only when it creates a compute. The az steps save the whole description with the change in
it, delete the compute and create it again from the file, so that identity, scale, assigned user, SSH key, idle shutdown
and local authentication stay. They use `az rest`, because `az ml compute create` takes local authentication from the
SSH settings, sends the application sharing policy Shared, and fails for a saved cluster without a subnet (measured with
azure-ai-ml 1.35.2; docs/fixes.md).

Bicep and Terraform create a second compute under a new name: on the old name they would fail, or replace the compute.
"""

from __future__ import annotations

from checks.fixes.steps import WARNING, either, in_order, remediation
from checks.fixes.templates import (
    API,
    EXISTING_WORKSPACE,
    IN_WORKSPACE,
    OWN_TEMPLATE,
    WORKSPACE,
    action,
    get,
    in_shell,
    indented,
    json_word,
    provisioned,
    put,
    where,
)

_COMPUTE = f"{WORKSPACE}/computes"
_FILE = "compute.json"
_SAVED = f"-s {_FILE}"
"""Nothing is deleted unless the description was saved."""

RECREATED = (
    "Azure takes the setting only at creation, so the az steps delete the compute and create it again. Deletion stops "
    "running jobs and erases the disk of a compute instance: first save notebooks and files to the workspace's file "
    "share. A system-assigned identity gets a new principal: assign its roles again. Bicep and Terraform create a "
    "second compute instead; the same change on the old name replaces the compute. The second compute is closed: "
    "no public address, no SSH from outside, no local accounts. The nodes of the compute that the az steps create have "
    "no public address either, so they need a managed network, or a subnet with outbound access: without either Azure "
    "refuses to create the compute."
)


def _edited(*outer: str, inner: str = "properties.properties", members: tuple[str, ...] = ()) -> str:
    """Return a JMESPath query, as a shell word, that changes a compute and takes the public addresses from its nodes.

    `outer` and `members` are set in the properties and in the inner properties, which the expression `inner` returns.
    JMESPath writes a JSON value between backquotes.
    """
    changed = f"merge({inner}, {{{', '.join(('enableNodePublicIp: `false`', *members))}}})"
    return (
        f"'merge(@, {{properties: merge(properties, {{{', '.join((*outer, f'properties: {changed}'))}}})}})'"
    )


PRIVATE = _edited()
IN_MANAGED_NETWORK = _edited(members=("subnet: `null`",))
"""Computes in a managed network have neither public addresses nor a subnet of their own."""


def _recreated(query: str = PRIVATE, *, first: tuple[tuple[str, str], ...] = ()) -> str:
    return in_order(
        *first,
        (
            f"Save the description of the compute, with the change in it, and look at {_FILE}.",
            f"{get('{{compute_id}}', query=query)} > {_FILE}",
        ),
        (
            f"{WARNING}the deletion stops jobs and erases the disk of a compute instance.",
            where(_SAVED, f"az ml compute delete --name {{{{compute}}}} {IN_WORKSPACE} --yes"),
        ),
        ("Create the compute again from the file.", put("{{compute_id}}", f"@{_FILE}")),
    )


_NO_LOGIN = "{{compute_type}} == 'AmlCompute' ? { remoteLoginPortPublicAccess: 'Disabled' } : {}"
"""The login port of a cluster. The types of an instance do not have the member, not even with null."""


def _bicep(*lines: str, outer: tuple[str, ...] = ()) -> str:
    """Return a second compute that is closed: without a public address, SSH from outside or local accounts."""
    return (
        f"// {OWN_TEMPLATE}a second compute, beside the resource that creates {{{{compute}}}}.\n"
        f"// Copy its other settings from the old compute, move the work, then delete the old compute.\n"
        f"{EXISTING_WORKSPACE}"
        f"resource compute '{_COMPUTE}@{API}' = {{\n"
        "  parent: workspace\n"
        "  name: newName\n"
        "  location: {{location}}\n"
        "  properties: {\n"
        "    computeType: {{compute_type}}\n"
        "    disableLocalAuth: true\n"
        f"{indented(outer, 2)}"
        "    properties: union({\n"
        "      vmSize: vmSize\n"
        "      enableNodePublicIp: false\n"
        f"{indented(lines, 3)}"
        f"    }}, {_NO_LOGIN})\n"
        "  }\n"
        "}"
    )


_NO_LOGIN_IN_TERRAFORM = _NO_LOGIN.replace("Access: ", "Access = ").replace("'", '"')


def _terraform(*lines: str, outer: tuple[str, ...] = ()) -> str:
    return (
        f"# {OWN_TEMPLATE}a second compute, beside the resource that creates {{{{compute}}}}.\n"
        "# Copy the other settings of the old compute, move the work, then delete the old compute.\n"
        'resource "azapi_resource" "compute" {\n'
        f'  type      = "{_COMPUTE}@{API}"\n'
        "  parent_id = {{workspace_id}}\n"
        "  name      = var.new_name\n"
        "  location  = {{location}}\n"
        "  body = {\n"
        "    properties = {\n"
        "      computeType = {{compute_type}}\n"
        "      disableLocalAuth = true\n"
        f"{indented(outer, 3)}"
        "      properties = merge({\n"
        "        vmSize = var.vm_size\n"
        "        enableNodePublicIp = false\n"
        f"{indented(lines, 4)}"
        f"      }}, {_NO_LOGIN_IN_TERRAFORM})\n"
        "    }\n"
        "  }\n"
        "}"
    )


PUBLIC_ADDRESS_REMOVED = remediation(
    summary="Create the compute again without public IP addresses for its nodes.",
    az=_recreated(),
    bicep=_bicep(),
    terraform=_terraform(),
    caution=RECREATED,
)

_OFF = "the managed network is off and the workspace is neither a hub nor a Project"
_UNPROVISIONED = "the managed network is on and not provisioned"
_AFTER_NETWORK = _terraform().replace(
    "  body = {", "  depends_on = [azapi_resource_action.provisionManagedNetwork]\n  body = {", 1
)

COMPUTE_IN_NETWORK = remediation(
    summary="Create the compute again in a subnet of your own, or in the provisioned managed network.",
    az=either(
        (
            _OFF,
            _recreated(_edited(members=("subnet: {id: " + in_shell("SUBNET_ID") + "}",))),
        ),
        (
            _UNPROVISIONED,
            _recreated(
                IN_MANAGED_NETWORK,
                first=(("Provision the network, which takes about half an hour.", provisioned()),),
            ),
        ),
        ("the workspace is to have a managed network", "# Follow the fix of MVN001: Azure cannot undo it."),
    ),
    bicep=either(
        (_OFF, _bicep("subnet: { id: subnetId }")),
        (
            _UNPROVISIONED,
            _bicep("// Azure provisions the network with its first compute, which takes about half an hour."),
        ),
        language="bicep",
    ),
    terraform=either(
        (_OFF, _terraform("subnet = { id = var.subnet_id }")),
        (_UNPROVISIONED, f"{action('provisionManagedNetwork', 'includeSpark = false')}\n{_AFTER_NETWORK}"),
        language="terraform",
    ),
    caution=f"{RECREATED} Azure does not support a subnet beside a managed network that is on, nor in a hub or a "
    "Project: use the second alternative there. The subnet needs outbound access to the service.",
)

SUBNET_REMOVED = remediation(
    summary="Create the compute again without a subnet of its own, so that it runs in the managed network.",
    az=_recreated(IN_MANAGED_NETWORK),
    bicep=_bicep("subnet: null"),
    terraform=_terraform("subnet = null"),
    caution=f"{RECREATED} First add an outbound rule for each destination that the compute reaches through its subnet. "
    "In a hub or a Project whose managed network is off, first switch the network on as MVN001 describes: without it "
    "the compute would run in no network.",
)

REGION_OF_WORKSPACE = remediation(
    summary="Create the compute again in the region of the workspace.",
    az="REGION={{location}}\n" + _recreated(_edited(f"computeLocation: {in_shell('REGION')}")),
    bicep=_bicep(outer=("computeLocation: {{location}}",)),
    terraform=_terraform(outer=("computeLocation = {{location}}",)),
    caution=f"{RECREATED} First check that the region offers the VM size and has quota for it. Do not delete an "
    "attached AKS or Kubernetes cluster: detach it, and attach a cluster of the workspace's region.",
)

CREATED_AFTER_THE_ENDPOINT = remediation(
    summary="Create the compute again, now that the workspace has a private endpoint.",
    az=_recreated(),
    bicep=_bicep(),
    terraform=_terraform(),
    caution=f"{RECREATED} If the endpoint only replaced an older one, the compute works and needs a waiver instead.",
)

_NEW_CLUSTER = {
    "location": "{{location}}",
    "properties": {
        "computeType": "AmlCompute",
        "disableLocalAuth": True,
        "properties": {
            "vmSize": "$VM_SIZE",
            "vmPriority": "Dedicated",
            "scaleSettings": {"minNodeCount": 0, "maxNodeCount": 4},
            "enableNodePublicIp": False,
            "remoteLoginPortPublicAccess": "Disabled",
        },
    },
}

CLUSTER_CREATED = put('{{workspace_id}}/computes/"$NEW_NAME"', json_word(_NEW_CLUSTER))
"""The command that creates a closed compute cluster with 0 to 4 nodes."""

COMPUTE_DETACHED = remediation(
    summary="Run the compute's work on a compute cluster in the managed network, then detach the compute.",
    az=in_order(
        ("Create the cluster.", CLUSTER_CREATED),
        (
            "Move the jobs and endpoints to it. Look at its state first.",
            f'az ml compute show --name "$NEW_NAME" {IN_WORKSPACE}',
        ),
        (
            f"{WARNING}jobs and endpoints that still use the attached compute fail.",
            f"az ml compute detach --name {{{{compute}}}} {IN_WORKSPACE} --yes",
        ),
    ),
    caution="Jobs and endpoints that use the compute fail after the detach. The cluster or machine itself keeps "
    "running, and Azure keeps billing it. The new cluster scales from 0 to 4 nodes.",
)

_SSH = (
    '(properties.computeType == `"ComputeInstance"` && merge(properties.properties, {sshSettings: '
    'merge(properties.properties.sshSettings, {sshPublicAccess: `"Disabled"`})})) || '
    'merge(properties.properties, {remoteLoginPortPublicAccess: `"Disabled"`})'
)

SSH_CLOSED = remediation(
    summary="Create the compute again without public SSH access.",
    az=_recreated(_edited(inner=_SSH)),
    bicep=_bicep(),
    terraform=_terraform(),
    caution=f"{RECREATED} In a managed network, `az ml compute connect-ssh` connects to an instance that has no "
    "public port.",
)

LOCAL_AUTHENTICATION_OFF = remediation(
    summary="Create the compute again with local authentication disabled.",
    az=_recreated(_edited("disableLocalAuth: `true`")),
    bicep=_bicep(),
    terraform=_terraform(),
    caution=f"{RECREATED} Users can no longer sign in to its nodes with a local password or key.",
)

LATEST_IMAGE_TAKEN = remediation(
    summary="Create the instance again: Azure does not update the image of an existing instance.",
    az=_recreated(),
    bicep=_bicep(),
    terraform=_terraform(),
    caution=RECREATED,
)
