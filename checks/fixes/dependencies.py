"""The fixes of RES005 to RES008 in az CLI, Bicep and Terraform; see also `access` and `perimeters`.

The commands use full resource ids, because a dependency can be in another resource group or subscription than its
workspace. A property of the first level is changed by PATCH. For a nested one az reads the resource and writes it back,
because PATCH would replace the firewall and drop its other rules.
"""

from __future__ import annotations

from typing import Any

from checks.fixes.computes import CLUSTER_CREATED
from checks.fixes.marks import ANY_TYPE
from checks.fixes.steps import by_kind, either, in_order, remediation
from checks.fixes.templates import (
    OWN_TEMPLATE,
    azapi,
    changed,
    get,
    in_azurerm,
    indented,
    patch,
    patched,
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
_LABELS = {"storage": "a storage account", "vault": "a key vault", "registry": "a container registry"}
_ROLES = {"storage": STORAGE, "vault": VAULT}
_ADMITTED = "AzureServices"


def _by_role(language: str, **texts: str) -> str:
    """Return the text of each role of a dependency."""
    ways = (((role,), f"it is {_LABELS[role]}", text) for role, text in texts.items())
    return by_kind(*ways, language=language, unknown=ANY_TYPE)


def _firewall_bicep(type_: str, **changed: str) -> str:
    """Return a firewall with some members changed. The others stay: a template writes the whole firewall."""
    kept = ["ipRules", "virtualNetworkRules", *(["resourceAccessRules"] if type_ == STORAGE else [])]
    bypass = f"empty({{{{bypass}}}}) ? '{_ADMITTED}' : {{{{bypass}}}}"
    members = {"defaultAction": "'Deny'", "bypass": bypass, **{name: name for name in kept}} | changed
    lines = (f"  {name}: {value}" for name, value in members.items())
    return resource_bicep(type_, "networkAcls: {", *lines, "}")


_BYPASSED = "properties.networkAcls.bypass"
_BYPASS = get(
    "{{resource_id}}",
    query=f"\"({_BYPASSED} && {_BYPASSED} != 'None' && join(', ', [{_BYPASSED}, '{_ADMITTED}'])) || '{_ADMITTED}'\" "
    "--output tsv",
    version=VERSIONS[STORAGE],
)
_BYPASS_BICEP = (
    f"empty(replace({{{{bypass}}}}, 'None', '')) ? '{_ADMITTED}' : "
    f"join([ {{{{bypass}}}}, '{_ADMITTED}' ], ', ')"
)
_BYPASS_TERRAFORM = f'join(", ", compact([replace({{{{bypass}}}}, "None", ""), "{_ADMITTED}"]))'

_ENFORCED = "An Enforced perimeter does not honour the bypass. Behind one, follow the fix of RES015 too."

TRUSTED_SERVICES_ADMITTED = remediation(
    summary="Allow trusted Microsoft services through the firewall. Behind an Enforced perimeter, admit the "
    "workspace's subscription too.",
    az=_by_role(
        "az",
        storage=in_order(
            ("Keep what the firewall bypasses now, such as Logging and Metrics.", f"bypass=$({_BYPASS})"),
            ("Write it with trusted services.", changed_resource(STORAGE, f'{_BYPASSED}="$bypass"')),
        ),
        vault=changed_resource(VAULT, f"{_BYPASSED}={_ADMITTED}"),
        registry=patched_resource(REGISTRY, networkRuleBypassOptions=_ADMITTED),
    )
    + f"\n# {_ENFORCED}",
    bicep=_by_role(
        "bicep",
        storage=_firewall_bicep(STORAGE, bypass=_BYPASS_BICEP),
        vault=_firewall_bicep(VAULT, bypass=f"'{_ADMITTED}'"),
        registry=resource_bicep(REGISTRY, f"networkRuleBypassOptions: '{_ADMITTED}'"),
    )
    + f"\n// {_ENFORCED}",
    terraform=_by_role(
        "terraform",
        storage=resource_terraform(STORAGE, f"networkAcls = {{ bypass = {_BYPASS_TERRAFORM} }}"),
        vault=resource_terraform(VAULT, f'networkAcls = {{ bypass = "{_ADMITTED}" }}'),
        registry=resource_terraform(REGISTRY, f'networkRuleBypassOptions = "{_ADMITTED}"'),
    )
    + f"\n# {_ENFORCED}",
    caution="The exception admits the identity of every trusted service that has a role on the resource: review its "
    "role assignments. An Enforced perimeter does "
    f"not honour the exception. {SHARED}",
)

SERVICE_ENDPOINTS_REMOVED = remediation(
    summary="Remove the virtual network rules and connect through private endpoints only.",
    az="az resource update --ids {{resource_id}} --set properties.networkAcls.virtualNetworkRules='[]'",
    bicep=_by_role(
        "bicep",
        **{role: _firewall_bicep(type_, virtualNetworkRules="[]") for role, type_ in _ROLES.items()},
    ),
    terraform=_by_role(
        "terraform",
        **{
            role: resource_terraform(type_, "networkAcls = { virtualNetworkRules = [] }")
            for role, type_ in _ROLES.items()
        },
    ),
    caution="Azure refuses clients in the subnets of the rules at once, unless they use a private endpoint. The IP "
    f"rules and the bypass stay. {SHARED}",
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
