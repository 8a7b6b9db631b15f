"""The fixes of RES005 to RES008 in az CLI, Bicep and Terraform; see also `access` and `perimeters`.

The commands use full resource ids, because a dependency can be in another resource group or subscription than its
workspace. A property of the first level is changed by PATCH. For a nested one az reads the resource and writes it back,
because PATCH would replace the firewall and drop its other rules.
"""

from __future__ import annotations

from typing import Any

from checks.fixes.computes import CLUSTER_CREATED
from checks.fixes.steps import either, in_order, remediation
from checks.fixes.templates import (
    OWN_TEMPLATE,
    azapi,
    changed,
    in_azurerm,
    indented,
    patch,
    patched,
    where,
    workspace_bicep,
    workspace_terraform,
)

STORAGE = "Microsoft.Storage/storageAccounts"
VAULT = "Microsoft.KeyVault/vaults"
REGISTRY = "Microsoft.ContainerRegistry/registries"
INSIGHTS = "Microsoft.Insights/components"
VERSIONS = {
    STORAGE: "2024-01-01",
    VAULT: "2023-07-01",
    REGISTRY: "2025-04-01",
    INSIGHTS: "2020-02-02",
}
_REQUIRED = {
    STORAGE: (("sku: { name: tier }", "kind: kind"), ()),
    VAULT: (
        (),
        (
            "tenantId: tenantId",
            "sku: { family: 'A', name: tier }",
            "accessPolicies: accessPolicies  // a vault written without them loses them",
        ),
    ),
    REGISTRY: (("sku: { name: tier }",), ()),
    INSIGHTS: (("kind: kind",), ("Application_Type: applicationType",)),
}
"""By type, the members of the resource and of its properties that a template has to repeat."""

SHARED = "Other workspaces and applications may use the same resource: ask their owners first."


def patched_resource(type_: str, **properties: Any) -> str:
    """Return the command that changes properties of the first level."""
    return patch({"properties": properties}, version=VERSIONS[type_], resource_id="{{resource_id}}")


def changed_resource(type_: str, *settings: str) -> str:
    """Return the command that reads the resource, changes it and writes it back."""
    return changed(*settings, resource_id="{{resource_id}}", version=VERSIONS[type_])


def resource_bicep(type_: str, *properties: str, tier: str = "", waits: tuple[str, ...] = ()) -> str:
    """Return lines for the resource in the user's template, with what such a resource has to repeat."""
    top, required = _REQUIRED[type_]
    if tier:
        top = tuple(line.replace("tier", f"'{tier}'") for line in top)
    return (
        f"// {OWN_TEMPLATE}they go into the resource that creates {{{{resource}}}}.\n"
        "// Deployed alone they would write the resource without its other settings.\n"
        f"resource dependency '{type_}@{VERSIONS[type_]}' = {{\n"
        "  name: {{resource}}\n"
        "  location: location\n"
        f"{indented((*top, *waits), 1)}"
        "  properties: {\n"
        f"{indented((*required, *properties), 2)}"
        "  }\n"
        "}"
    )


def resource_terraform(type_: str, *properties: str, waits: tuple[str, ...] = ()) -> str:
    """Return the Terraform resource that changes properties of the resource."""
    return azapi("dependency", type_, "{{resource_id}}", *properties, version=VERSIONS[type_], waits=waits)


RAISED = patch({"sku": {"name": "Premium"}}, version=VERSIONS[REGISTRY], resource_id="{{resource_id}}")
"""The command that raises the tier of a registry to Premium."""


RAISED_TERRAFORM = azapi(
    *("raised", REGISTRY, "{{resource_id}}", 'sku = { name = "Premium" }'),
    version=VERSIONS[REGISTRY],
    in_properties=False,
)
_FIREWALL_KEPT = ("ipRules: ipRules", "virtualNetworkRules: virtualNetworkRules")

TRUSTED_SERVICES_ADMITTED = remediation(
    summary="Allow trusted Microsoft services through the firewall. Behind an Enforced perimeter, admit the "
    "workspace's subscription instead.",
    az="# A storage account or key vault. Write Logging,Metrics,AzureServices if its bypass has the first two now:\n"
    + where(
        "{{role}} != registry",
        "az resource update --ids {{resource_id}} --set properties.networkAcls.bypass=AzureServices",
    )
    + "\n# A container registry:\n"
    + where("{{role}} = registry", patched_resource(REGISTRY, networkRuleBypassOptions="AzureServices")),
    bicep=either(
        (
            "a storage account, or a key vault with its own type and members",
            resource_bicep(
                STORAGE,
                "networkAcls: {",
                "  defaultAction: 'Deny'",
                "  bypass: 'AzureServices'",
                *(f"  {line}" for line in _FIREWALL_KEPT),
                "}",
            ),
        ),
        ("a container registry", resource_bicep(REGISTRY, "networkRuleBypassOptions: 'AzureServices'")),
        language="bicep",
    ),
    terraform=either(
        (
            "a storage account, or a key vault with its own type",
            resource_terraform(STORAGE, 'networkAcls = { bypass = "AzureServices" }'),
        ),
        ("a container registry", resource_terraform(REGISTRY, 'networkRuleBypassOptions = "AzureServices"')),
        language="terraform",
    ),
    caution="The exception admits the identity of every trusted service that has a role on the resource: review its "
    "role assignments. If a storage account's bypass lists Logging or Metrics, keep them. An Enforced perimeter does "
    "not honour the exception: add an inbound rule for the workspace's subscription to the perimeter, and list the "
    f"subscription in allowed_subscriptions of the policy. {SHARED}",
)

SERVICE_ENDPOINTS_REMOVED = remediation(
    summary="Remove the virtual network rules and connect through private endpoints only.",
    az="az resource update --ids {{resource_id}} --set properties.networkAcls.virtualNetworkRules='[]'",
    bicep=resource_bicep(
        STORAGE,
        "networkAcls: {",
        "  defaultAction: 'Deny'",
        "  ipRules: ipRules",
        "  virtualNetworkRules: []",
        "}",
    ),
    terraform=resource_terraform(STORAGE, "networkAcls = { virtualNetworkRules = [] }"),
    caution="Azure refuses clients in the subnets of the rules at once, unless they use a private endpoint. The IP "
    "rules and the bypass stay. Bicep and Terraform show a storage account; a key vault has the same members under "
    f"its own type. {SHARED}",
)

REGISTRY_TIER_RAISED = remediation(
    summary="Upgrade the registry to Premium, the only tier with private endpoints.",
    az=RAISED,
    bicep=resource_bicep(REGISTRY, tier="Premium"),
    terraform=RAISED_TERRAFORM,
    caution="Premium costs several times more. Azure allows a downgrade only after private endpoints, network "
    f"rules and replications are removed. {SHARED}",
)

BUILD_COMPUTE_NAMED = remediation(
    summary="Set imageBuildCompute to a compute cluster of the workspace.",
    az=either(
        ("the workspace has a compute cluster", patched(imageBuildCompute="$CLUSTER")),
        (
            "it has none",
            in_order(
                ("Create a cluster of 0 to 4 nodes.", CLUSTER_CREATED),
                ("Let it build the images.", patched(imageBuildCompute="$NEW_NAME")),
            ),
        ),
    ),
    bicep=workspace_bicep("imageBuildCompute: cluster"),
    terraform=workspace_terraform(
        "imageBuildCompute = var.cluster",
        azurerm=in_azurerm(workspace=("image_build_compute_name = var.cluster",)),
    ),
    caution="The cluster has to exist. Azure bills it while it builds. It needs outbound access to the package "
    "indexes.",
)
