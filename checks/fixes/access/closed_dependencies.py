"""The fixes of RES001 to RES004, about public access to a dependency, in az CLI, Bicep and Terraform."""

from __future__ import annotations

from checks.fixes.access.private_links import (
    REGISTRY_LINKS,
    STORAGE_LINKS,
    VAULT_LINKS,
    first_bicep,
    first_terraform,
    waits_in_bicep,
    waits_in_terraform,
)
from checks.fixes.dependencies import (
    INSIGHTS,
    RAISED,
    RAISED_TERRAFORM,
    REGISTRY,
    SHARED,
    STORAGE,
    VAULT,
    VERSIONS,
    changed_resource,
    patched_resource,
    resource_bicep,
    resource_terraform,
)
from checks.fixes.marks import UNREACHED, only
from checks.fixes.steps import COMMENT, WARNING, in_order, remediation
from checks.fixes.templates import (
    NOTHING_CLOSED,
    approved_endpoints,
    get,
    if_approved,
    patched,
    workspace_bicep,
    workspace_terraform,
)
from checks.model import Remediation

_CUT_OFF = (
    "Azure refuses clients of the public endpoint at once, studio and jobs included. First check that clients "
    "have approved private endpoints with DNS zones, and the managed network too if isolation is on (OBR011)."
)
_PEERS = (
    f"Look for an approved private endpoint of the resource. {NOTHING_CLOSED}",
    approved_endpoints("{{resource_id}}"),
)


_CURRENT_BUILDER = get("{{workspace_id}}", query="properties.imageBuildCompute --output tsv")
_EXISTING_BUILDER = get(
    "{{workspace_id}}/computes",
    query="\"value[?name=='$builder' && properties.computeType=='AmlCompute'].name\" --output tsv",
)
_BUILDER = (
    "If the workspace names no cluster that exists for image builds, name one: behind a closed storage account or "
    "registry Azure builds no images without it.",
    f"builder=$({_CURRENT_BUILDER})\n"
    f'if [ -z "$({_EXISTING_BUILDER})" ]; then {patched(imageBuildCompute="$CLUSTER")}; fi',
)
_BUILDER_BICEP = workspace_bicep("imageBuildCompute: cluster  // or the one that the workspace names now")
_BUILDER_TERRAFORM = workspace_terraform(
    "imageBuildCompute = var.cluster # or the one that the workspace names now"
)


_PERIMETER_TOO = "If a rule of a network security perimeter opens the resource, follow the fix of RES014 too."
_LINKS = {STORAGE: STORAGE_LINKS, VAULT: VAULT_LINKS, REGISTRY: REGISTRY_LINKS}
_RAISED_FIRST = (
    "// First deploy a registry of a lower tier with this sku alone: it can have no private endpoint."
)


def _closed(
    type_: str,
    what: str,
    caution: str,
    *,
    before: tuple[tuple[str, str], ...] = (),
    builder: bool = False,
) -> Remediation:
    """Return the fix. `builder` names a cluster for image builds. A registry has no perimeter."""

    def whole(text: str, language: str) -> str:
        return text if type_ == REGISTRY else f"{text}\n{COMMENT[language]} {_PERIMETER_TOO}"

    az = in_order(
        *before,
        _PEERS,
        *((_BUILDER,) if builder else ()),
        (
            f"{WARNING}clients without a private endpoint lose access at once.",
            if_approved(patched_resource(type_, publicNetworkAccess="Disabled")),
        ),
    )
    return remediation(
        summary=f"Create private endpoints for the {what}, then disable its public network access.",
        az=whole(az, "az"),
        bicep=whole(_closed_bicep(type_, is_built=builder), "bicep"),
        terraform=whole(_closed_terraform(type_, is_built=builder), "terraform"),
        caution=f"{_CUT_OFF} The az steps close nothing without an approved private endpoint. The templates create it "
        "first, in the region and the virtual network that you choose. If your network has the DNS zones already, use "
        f"those. {caution}{SHARED}",
    )


def _closed_bicep(type_: str, *, is_built: bool) -> str:
    links, tier = _LINKS[type_], "Premium" if type_ == REGISTRY else ""
    parts = [first_bicep("{{resource_id}}", links)]
    parts += [_BUILDER_BICEP] if is_built else []
    parts += [only(_RAISED_FIRST, UNREACHED)] if tier else []
    closed = "publicNetworkAccess: 'Disabled'"
    return "\n".join([*parts, resource_bicep(type_, closed, tier=tier, waits=waits_in_bicep(links=links))])


def _closed_terraform(type_: str, *, is_built: bool) -> str:
    links, raised = _LINKS[type_], "azapi_update_resource.raised" if type_ == REGISTRY else ""
    first = first_terraform("{{resource_id}}", links, after=raised)
    parts = [*([RAISED_TERRAFORM] if raised else []), first, *([_BUILDER_TERRAFORM] if is_built else [])]
    others = [raised] if raised else []
    others += ["azapi_update_resource.workspace"] if is_built else []
    closed = 'publicNetworkAccess = "Disabled"'
    return "\n".join(
        [*parts, resource_terraform(type_, closed, waits=waits_in_terraform(*others, links=links))]
    )


STORAGE_CLOSED = _closed(
    STORAGE,
    "storage account",
    "In a managed network that allows the internet, batch endpoints and parallel jobs lose the account's queues and "
    "tables: first add the rules of SCN003. Every workspace that uses the account needs a cluster for image builds "
    "(RES008). ",
    builder=True,
)

VAULT_CLOSED = _closed(VAULT, "key vault", "")

REGISTRY_CLOSED = _closed(
    REGISTRY,
    "container registry",
    "Only the Premium tier supports private endpoints, and it costs several times more: Azure bills it from now on. ",
    before=(
        (
            "Raise the tier: a lower one can be neither closed nor given private endpoints.",
            RAISED,
        ),
    ),
    builder=True,
)

_SCOPED = get(
    "{{resource_id}}",
    query="'properties.PrivateLinkScopedResources[].ScopeId' --output tsv",
    version=VERSIONS[INSIGHTS],
)
_NOT_SCOPED = "Nothing is closed, because the component is in no private link scope: add it to one first."
_INSIGHTS_PRIVATE = changed_resource(
    INSIGHTS,
    "properties.publicNetworkAccessForIngestion=Disabled",
    "properties.publicNetworkAccessForQuery=Disabled",
)

INSIGHTS_CLOSED = remediation(
    summary="Add the component to an Azure Monitor private link scope, then disable public ingestion and query.",
    az=in_order(
        (f"Look for the private link scope of the component. {NOTHING_CLOSED}", f"scope=$({_SCOPED})"),
        (
            f"{WARNING}telemetry of senders outside the private link scope is lost from now on.",
            f"if [ -n \"$scope\" ]; then {_INSIGHTS_PRIVATE}; else echo '{_NOT_SCOPED}'; fi",
        ),
    ),
    bicep=resource_bicep(
        INSIGHTS, "publicNetworkAccessForIngestion: 'Disabled'", "publicNetworkAccessForQuery: 'Disabled'"
    ),
    terraform=resource_terraform(
        INSIGHTS,
        'publicNetworkAccessForIngestion = "Disabled"',
        'publicNetworkAccessForQuery     = "Disabled"',
    ),
    caution="First add the component to a private link scope with a private endpoint: the az steps close nothing "
    "without a scope. A scope decides for every network that shares its DNS zones, so no text creates one. Senders "
    "that cannot reach the scope lose their telemetry permanently, and dashboards outside it stay empty. "
    f"{SHARED}",
)
