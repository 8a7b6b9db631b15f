"""The fixes of the NET checks, except NET006, in az CLI, Bicep and Terraform, and the steps that close a workspace.

Azure does not support an open managed online endpoint in a closed workspace, so the endpoints are closed first. With
a managed network that allows the internet, Azure adds the private endpoint to the workspace only when it provisions the
network again.
"""

from __future__ import annotations

from checks.fixes.access.private_links import first_bicep, first_terraform, waits_in_bicep, waits_in_terraform
from checks.fixes.rules import endpoint_bicep, endpoint_terraform, rule_bicep, rule_terraform
from checks.fixes.steps import WARNING, either, in_order, remediation
from checks.fixes.templates import (
    API,
    NOTHING_CLOSED,
    OF_WORKSPACE,
    PREVIEW,
    WORKSPACE,
    approved_endpoints,
    azapi,
    changed,
    get,
    if_approved,
    in_azurerm,
    indented,
    patched,
    provisioned,
    where,
    workspace_bicep,
    workspace_terraform,
)

HUB = "A Project uses the settings of its hub: change the hub."

UNREACHABLE = (
    "First create and test a private endpoint with its DNS zones, as PEP001 describes. Without an approved endpoint no "
    "client reaches the workspace: the az steps then close nothing, and the templates create the endpoint first. If "
    "your network has the DNS zones already, use those: a second zone of the same name hides the records of the first."
)

ENDPOINTS_CLOSE_TOO = (
    "The steps also close the managed online endpoints, because Azure does not support an open one in a closed "
    "workspace."
)

HAS_ENDPOINT = (
    f"Look for an approved private endpoint. {NOTHING_CLOSED}",
    approved_endpoints("{{workspace_id}}"),
)

_ONLINE = f"{WORKSPACE}/onlineEndpoints"
_AND_PROJECTS = get("{{workspace_id}}", query="'[id, properties.associatedWorkspaces][]' --output tsv")
_OPEN = get(
    '"$workspace/onlineEndpoints"',
    query="\"value[?kind=='Managed' && properties.publicNetworkAccess=='Enabled'].id\" --output tsv",
)
_CLOSE_ONE = changed("properties.publicNetworkAccess=Disabled", resource_id='"$endpoint"')
_ENDPOINTS_CLOSED = (
    "Close the managed online endpoints of the workspace and, if it is a hub, of its Projects.",
    if_approved(
        f"workspaces=$({_AND_PROJECTS}); for workspace in $workspaces; do "
        f"open=$({_OPEN}); for endpoint in $open; do {_CLOSE_ONE}; done; done"
    ),
)

_CLOSED = (
    f"{WARNING}clients without the private endpoint lose access at once.",
    if_approved(patched(publicNetworkAccess="Disabled")),
)

_MODE = get("{{workspace_id}}", query="properties.managedNetwork.isolationMode --output tsv")
_REACHED = (
    "If the managed network allows the internet, provision it again: Azure adds its private endpoint to the workspace.",
    f'if [ "$({_MODE})" = AllowInternetOutbound ]; then {provisioned()}; fi',
)

REMOVED = patched(PREVIEW, networkAcls={"defaultAction": "Deny", "ipRules": []})
"""The command that removes all selected addresses."""

_ADDRESSES = get(
    "{{workspace_id}}", query="'properties.networkAcls.ipRules[].value' --output tsv", version=PREVIEW
)
_REMOVED = (
    "Remove selected addresses, which managed online endpoints would go on accepting.",
    where(f'-n "$approved" ] && [ -n "$({_ADDRESSES})"', REMOVED),
)

CLOSING = (HAS_ENDPOINT, _ENDPOINTS_CLOSED, _CLOSED, _REACHED, _REMOVED)
"""The steps that close a workspace."""

_ENDPOINTS_BICEP = (
    f"resource endpoints '{_ONLINE}@{API}' = [for each in openEndpoints: {{\n"
    "  name: each.name\n"
    "  location: each.location\n"
    "  kind: 'Managed'\n"
    "  identity: each.identity\n"
    "  properties: { authMode: each.authMode, traffic: each.traffic, publicNetworkAccess: 'Disabled' }\n"
    f"{indented(waits_in_bicep(), 1)}"
    "}]"
)
_RULE_BICEP = rule_bicep(
    *endpoint_bicep("{{workspace_id}}", "'amlworkspace'"), name="'workspace-itself'"
).replace("= {", "= if (needsOwnRule) {", 1)
_RULE_TERRAFORM = rule_terraform(
    *endpoint_terraform("{{workspace_id}}", '"amlworkspace"'), name='"workspace-itself"'
).replace("  type ", "  count     = var.needs_own_rule ? 1 : 0\n  type ", 1)


def closed_bicep(*properties: str) -> str:
    """Return the lines that close the endpoints of the workspace, then the workspace, behind a private endpoint.

    `properties` are others of the workspace.
    """
    workspace = workspace_bicep(
        *properties,
        "publicNetworkAccess: 'Disabled'",
        "networkAcls: { defaultAction: 'Deny', ipRules: [] }",
        version=PREVIEW,
        top=waits_in_bicep("endpoints"),
    )
    return f"{first_bicep()}\n{_ENDPOINTS_BICEP}\n{workspace}\n{_RULE_BICEP}"


def closed_terraform(*, after: str = "") -> str:
    """Return the resources that close the endpoints of the workspace, then the workspace, behind a private endpoint.

    `after` is the address of a resource that has to exist before.
    """
    endpoints = azapi(
        *("endpoint", _ONLINE, "each.value", 'publicNetworkAccess = "Disabled"'), waits=waits_in_terraform()
    )
    workspace = workspace_terraform(
        'publicNetworkAccess = "Disabled"',
        'networkAcls = { defaultAction = "Deny", ipRules = [] }',
        version=PREVIEW,
        name="closed",
        waits=waits_in_terraform(*filter(None, ["azapi_update_resource.endpoint", after])),
        azurerm=in_azurerm(
            workspace=("public_network_access_enabled = false",),
            hub=('public_network_access = "Disabled"',),
            is_ordered=True,
        ),
    )
    return "\n".join(
        [
            first_terraform(),
            endpoints.replace("  type  ", "  for_each    = toset(var.open_endpoint_ids)\n  type  ", 1),
            workspace,
            _RULE_TERRAFORM,
        ]
    )


PUBLIC_ACCESS_DISABLED = remediation(
    summary="Create a private endpoint for the workspace, then disable public network access.",
    az=in_order(*CLOSING),
    bicep=closed_bicep(),
    terraform=closed_terraform(),
    caution=f"{UNREACHABLE} {ENDPOINTS_CLOSE_TOO} Only preview api-versions have networkAcls. {HUB}",
)

_SELECTED_BICEP = workspace_bicep(
    "networkAcls: {",
    "  defaultAction: 'Deny'",
    "  ipRules: [for address in addresses: { value: address }]",
    "}",
    version=PREVIEW,
)
_SELECTED_TERRAFORM = workspace_terraform(
    "networkAcls = {",
    '  defaultAction = "Deny"',
    "  ipRules       = [for address in var.addresses : { value = address }]",
    "}",
    version=PREVIEW,
)

_REFUSED = (
    "Azure refuses every client whose address is not listed at once. Computes are refused too, unless the workspace "
    "has a managed network with a private endpoint rule to itself: see END005 and SCN006. Azure does not support "
    "batch endpoints with selected addresses: disable public access instead if the workspace has one (END006)."
)

_KNOWN = "clients come from known public addresses, and the workspace and its Projects have no endpoint"
_PRIVATE = "clients use a private endpoint"

ADDRESSES_SELECTED = remediation(
    summary="Allow selected public IP addresses only, or disable public network access.",
    az=either(
        (
            _KNOWN,
            f'az ml workspace update {OF_WORKSPACE} --public-network-access Enabled --network-acls "$ADDRESSES"',
        ),
        (_PRIVATE, in_order(*CLOSING)),
    ),
    bicep=either((_KNOWN, _SELECTED_BICEP), (_PRIVATE, closed_bicep()), language="bicep"),
    terraform=either((_KNOWN, _SELECTED_TERRAFORM), (_PRIVATE, closed_terraform()), language="terraform"),
    caution=f"{_REFUSED} Only preview api-versions have networkAcls. {HUB}",
)

ADDRESSES_NARROWED = remediation(
    summary="Write the list of selected addresses again, without the addresses that the reason names.",
    az=in_order(
        (
            "Look at the addresses that are selected now.",
            f"az rest --method get --url {{{{workspace_id}}}} --url-parameters api-version={PREVIEW} "
            "--query properties.networkAcls",
        ),
        (
            'Write the whole list: repeat one {"value": ...} for each address to keep.',
            patched(PREVIEW, networkAcls={"defaultAction": "Deny", "ipRules": [{"value": "$ADDRESS"}]}),
        ),
    ),
    bicep=_SELECTED_BICEP,
    terraform=_SELECTED_TERRAFORM,
    caution="The command replaces the whole list: Azure refuses every client that is not on it at once. It leaves "
    f"publicNetworkAccess as it is. Only preview api-versions have networkAcls. {HUB}",
)

_NONE_BICEP = workspace_bicep(
    "networkAcls: {", "  defaultAction: 'Deny'", "  ipRules: []", "}", version=PREVIEW
)

ADDRESSES_REMOVED = remediation(
    summary="Remove the address rules that remain although public network access is disabled.",
    az=REMOVED,
    bicep=_NONE_BICEP,
    terraform=workspace_terraform('networkAcls = { defaultAction = "Deny", ipRules = [] }', version=PREVIEW),
    caution="Managed online endpoints with public access then refuse those addresses too. Only preview api-versions "
    f"have networkAcls. {HUB}",
)

LEGACY_FLAG_CLEARED = remediation(
    summary="Set the legacy flag to false, and leave publicNetworkAccess as it is.",
    az=in_order(
        (
            "Remember publicNetworkAccess.",
            f"az ml workspace show {OF_WORKSPACE} --query public_network_access",
        ),
        (
            "Clear the flag: read the workspace, change the flag and write the workspace back.",
            changed(
                "properties.allowPublicAccessWhenBehindVnet=false",
                resource_id="{{workspace_id}}",
                version=API,
            ),
        ),
        (
            "Compare publicNetworkAccess with the value before.",
            f"az ml workspace show {OF_WORKSPACE} --query public_network_access",
        ),
    ),
    bicep=workspace_bicep("allowPublicAccessWhenBehindVnet: false"),
    terraform=workspace_terraform("allowPublicAccessWhenBehindVnet = false"),
    caution="Azure documents that a write to one of the two properties overrides the other: compare "
    "publicNetworkAccess before and after, and set it again if it changed. If it becomes Disabled, only clients "
    f"of the private endpoint reach the workspace. {HUB}",
)
