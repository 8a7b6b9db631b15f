"""The fixes of the NET checks, except NET006, in az CLI, Bicep and Terraform."""

from __future__ import annotations

from checks.fixes.steps import WARNING, either, in_order, remediation
from checks.fixes.templates import (
    API,
    OF_WORKSPACE,
    PREVIEW,
    changed,
    patched,
    workspace_bicep,
    workspace_terraform,
)

HUB = "A Project uses the settings of its hub: change the hub."

UNREACHABLE = (
    "First create and test a private endpoint with its DNS zones, as PEP001 describes. Without an approved endpoint no "
    "client reaches the workspace."
)

OPEN_ENDPOINTS = (
    "Managed online endpoints stay open, which Azure does not support in a closed workspace (END002): close them "
    "first, as END001 describes."
)

HAS_ENDPOINT = (
    "Check that an approved private endpoint exists. Stop here if the list is empty.",
    "az network private-endpoint-connection list --id {{workspace_id}} "
    "--query \"[?properties.privateLinkServiceConnectionState.status=='Approved'].id\"",
)

CLOSING = (
    f"{WARNING}clients without the private endpoint lose access at once.",
    patched(publicNetworkAccess="Disabled"),
)
"""The step that disables public network access."""

CLOSED_BICEP = workspace_bicep("publicNetworkAccess: 'Disabled'")
CLOSED_TERRAFORM = workspace_terraform(
    'publicNetworkAccess = "Disabled"',
    azurerm=(
        "azurerm_machine_learning_workspace: public_network_access_enabled = false",
        'azurerm_ai_foundry (a hub): public_network_access = "Disabled"',
    ),
)

_REMOVED_AZ = patched(PREVIEW, networkAcls={"defaultAction": "Deny", "ipRules": []})

CLOSED_WITHOUT_ADDRESSES = in_order(
    HAS_ENDPOINT,
    CLOSING,
    ("Remove the addresses, which managed online endpoints would go on accepting.", _REMOVED_AZ),
)
"""The az steps that close a workspace with selected addresses."""

PUBLIC_ACCESS_DISABLED = remediation(
    summary="Create a private endpoint for the workspace, then disable public network access.",
    az=in_order(HAS_ENDPOINT, CLOSING),
    bicep=CLOSED_BICEP,
    terraform=CLOSED_TERRAFORM,
    caution=f"{UNREACHABLE} {OPEN_ENDPOINTS} If the workspace has selected addresses, remove them as NET005 "
    f"describes: its managed online endpoints would go on accepting them. {HUB}",
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

ADDRESSES_SELECTED = remediation(
    summary="Allow selected public IP addresses only, or disable public network access.",
    az=either(
        (
            "clients come from known public addresses",
            f'az ml workspace update {OF_WORKSPACE} --public-network-access Enabled --network-acls "$ADDRESSES"',
        ),
        ("clients use a private endpoint", CLOSING[1]),
    ),
    bicep=_SELECTED_BICEP,
    terraform=_SELECTED_TERRAFORM,
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
    az=_REMOVED_AZ,
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
