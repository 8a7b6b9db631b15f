"""The fixes of MVN001, MVN002 and NET006 in az CLI, Bicep and Terraform.

A workspace that gets a managed network has to lose its computes and managed online endpoints first: Azure does not move
them into the network. The steps save, delete, isolate, provision and create again, in this order.
"""

from __future__ import annotations

from checks.fixes.access.inbound import (
    CLOSING,
    ENDPOINTS_CLOSE_TOO,
    HUB,
    UNREACHABLE,
    closed_bicep,
    closed_terraform,
)
from checks.fixes.computes import IN_MANAGED_NETWORK
from checks.fixes.dependencies import REGISTRY, VERSIONS
from checks.fixes.steps import COMMENT, WARNING, either, in_order, remediation
from checks.fixes.templates import (
    API,
    IN_WORKSPACE,
    action,
    azapi,
    get,
    in_azurerm,
    patch,
    patched,
    provisioned,
    put,
    where,
    workspace_bicep,
    workspace_terraform,
)

INTERNET, APPROVED = "AllowInternetOutbound", "AllowOnlyApprovedOutbound"

ONE_WAY = (
    "Azure cannot disable a managed network again, or change AllowOnlyApprovedOutbound to AllowInternetOutbound; "
    "changeableIsolationModes of the workspace lists the modes that are left. Computes and managed online "
    "endpoints are out of service from their deletion until they are created again: about an hour, because "
    "provisioning takes about half an hour. A compute instance loses its disk, a system-assigned identity gets a "
    "new principal without roles, and an endpoint gets new keys. Azure bills private endpoints, and a firewall "
    f"once a host-name rule exists. First restore a deleted dependency, as RES013 describes. {HUB}"
)

_COMPUTE = '{{workspace_id}}/computes/"$COMPUTE"'
_ENDPOINT = '{{workspace_id}}/onlineEndpoints/"$ENDPOINT"'
_DEPLOYMENT = f'{_ENDPOINT}/deployments/"$DEPLOYMENT"'
_FILE_OF_ENDPOINT = '@"$ENDPOINT.json"'
_FILE_OF_DEPLOYMENT = '@"$ENDPOINT-$DEPLOYMENT.json"'
WITHOUT_LEGACY_ISOLATION = (
    """'merge(@, {properties: merge(properties, {egressPublicNetworkAccess: `"Enabled"`})})'"""
)
"""A query that returns a deployment with the public egress that a managed network then isolates (END003)."""
_WITHOUT_TRAFFIC = "'merge(@, {properties: merge(properties, {traffic: `{}`, mirrorTraffic: `{}`})})'"

_EMPTIED = (
    (
        "List the computes and online endpoints. Repeat steps 2 to 5, and later 8 to 10, for each compute cluster, "
        "compute instance and managed online endpoint. Leave out what the workspace does not have.",
        f"az ml compute list {IN_WORKSPACE} --output table\naz ml online-endpoint list {IN_WORKSPACE} --output table",
    ),
    (
        "Save the compute as it is to be in the network.",
        f'{get(_COMPUTE, query=IN_MANAGED_NETWORK)} > "$COMPUTE.json"',
    ),
    (
        "Save the endpoint and each of its deployments: step 5 deletes them with it. The network takes the place of "
        "the legacy isolation of a deployment. The third file has the traffic.",
        f'{get(_ENDPOINT, query=_WITHOUT_TRAFFIC)} > "$ENDPOINT.json"\n'
        f'{get(_DEPLOYMENT, query=WITHOUT_LEGACY_ISOLATION)} > "$ENDPOINT-$DEPLOYMENT.json"\n'
        f'{get(_ENDPOINT)} > "$ENDPOINT-traffic.json"',
    ),
    (
        f"{WARNING}the deletion stops jobs and erases the disk of a compute instance.",
        where('-s "$COMPUTE.json"', f'az ml compute delete --name "$COMPUTE" {IN_WORKSPACE} --yes'),
    ),
    (
        f"{WARNING}the endpoint and its deployments are out of service from now on.",
        where(
            '-s "$ENDPOINT.json" ] && [ -s "$ENDPOINT-traffic.json"',
            f'az ml online-endpoint delete --name "$ENDPOINT" {IN_WORKSPACE} --yes',
        ),
    ),
)
_WAIT = f"az resource wait --ids {_ENDPOINT} --api-version {API} --created"
_REGISTRY = get(
    "{{workspace_id}}",
    query=f"\"[properties][?managedNetwork.isolationMode=='{APPROVED}'].containerRegistry\" --output tsv",
)
_RAISED = patch({"sku": {"name": "Premium"}}, version=VERSIONS[REGISTRY], resource_id='"$registry"')
_IF_NAMED = where('-n "$registry"', _RAISED)
_PROVISIONED = (
    f"Provision the network, which takes about half an hour. {APPROVED} reaches the registry by a private endpoint, "
    "which only the tier Premium has.",
    f"registry=$({_REGISTRY})\n{_IF_NAMED}\n{provisioned()}",
)
_FILLED = (
    _PROVISIONED,
    ("Create the compute again.", put(_COMPUTE, '@"$COMPUTE.json"')),
    (
        "Create the endpoint again, then its deployments.",
        f"{put(_ENDPOINT, _FILE_OF_ENDPOINT)}\n"
        f"{_WAIT}\n"
        f"{put(_DEPLOYMENT, _FILE_OF_DEPLOYMENT)}\n"
        f"{_WAIT.replace(_ENDPOINT, _DEPLOYMENT)}",
    ),
    ("Send the traffic to the deployments as before.", put(_ENDPOINT, '@"$ENDPOINT-traffic.json"')),
)


_OUTSIDE = (
    "An attached Kubernetes cluster or virtual machine stays outside the network, and CMP005 reports it. Detach it, or "
    "add this waiver to the policy:",
    "- {check: CMP005, where: {workspace: {{workspace_id}}}, reason: the attached compute has its own network}",
)


def _outside(language: str) -> str:
    return "\n".join(f"{COMMENT[language]} {line}" for line in _OUTSIDE)


def _isolation(mode: str, *others: tuple[str, str]) -> tuple[str, str]:
    alternatives = "".join(
        f"# Or, {when}:\n# {patched(managedNetwork={'isolationMode': other})}\n" for other, when in others
    )
    return (
        f"{WARNING}Azure cannot switch the managed network off again.",
        f"{patched(managedNetwork={'isolationMode': mode})}\n"
        f"{alternatives}"
        f"{_outside('az')}\n"
        f"az resource wait --ids {{{{workspace_id}}}} --api-version {API} --updated",
    )


def isolated(mode: str, *others: tuple[str, str], last: tuple[tuple[str, str], ...] = ()) -> str:
    """Return all steps that put the workspace and its computes and endpoints into a managed network.

    `others` are modes that may be set instead, and when.
    """
    return in_order(*_EMPTIED, _isolation(mode, *others), *_FILLED, *last)


_EMPTY = "the workspace has no compute cluster, compute instance or managed online endpoint"
_EMPTY_OR_ON = f"the managed network is on, or {_EMPTY}"


def _if_empty(lines: str, language: str, *, when: str = _EMPTY) -> str:
    """Return a template for a workspace that Azure isolates at once, and a pointer to the az steps for others."""
    steps = f"{COMMENT[language]} Follow the az steps: Azure refuses these lines while computes or endpoints exist."
    return either(
        (when, f"{_outside(language)}\n{lines}"),
        ("a compute or endpoint exists, and the managed network is off", steps),
        language=language,
    )


def _mode_bicep(mode: str) -> tuple[str, ...]:
    return (
        f"// {WARNING}Azure cannot switch the managed network off again.",
        "// Then provision it: Bicep starts no action. az ml workspace provision-network does.",
        f"managedNetwork: {{ isolationMode: {mode} }}",
    )


def _mode_terraform(mode: str, *, after: str = "") -> str:
    """Return the resources that set the mode, an expression of Terraform, and provision the network.

    `after` is the address of a resource that provisioning needs.
    """
    needed = ", ".join(filter(None, ["azapi_update_resource.workspace", after]))
    block = ("managed_network {", f"  isolation_mode = {mode}", "}")
    return (
        f"# {WARNING}Azure cannot switch the managed network off again.\n"
        + workspace_terraform(
            f"managedNetwork = {{ isolationMode = {mode} }}",
            azurerm=in_azurerm(workspace=block, hub=block),
        )
        + "\n"
        + action("provisionManagedNetwork", "includeSpark = false").replace(
            '  method      = "POST"\n',
            f'  method      = "POST"\n  depends_on  = [{needed}]\n',
        )
    )


APPROVED_NEEDS = (
    "AllowOnlyApprovedOutbound blocks everything that no rule allows: first list the destinations of "
    "the work."
)

NETWORK_ON = remediation(
    summary="Enable a managed virtual network, in the strictest mode that the workloads allow.",
    az=isolated(INTERNET, (APPROVED, "if outbound rules can list every destination of the work")),
    bicep=_if_empty(workspace_bicep(*_mode_bicep(f"'{INTERNET}'")), "bicep"),
    terraform=_if_empty(_mode_terraform(f'"{INTERNET}"'), "terraform"),
    caution=f"{ONE_WAY} {APPROVED_NEEDS} If a policy allows that mode only, use the second alternative.",
)

_TO_APPROVED = patched(managedNetwork={"isolationMode": APPROVED})


def _stricter(change: str) -> str:
    """Return the steps from the mode that lets out to any public address to the stricter one."""
    return in_order(
        (f"{WARNING}Azure cannot change the mode back, and blocks everything that no rule allows.", change),
        _PROVISIONED,
    )


STRICTER = _stricter(_TO_APPROVED)
"""The steps for a workspace whose mode is known to be `INTERNET`."""

_APPROVED_WORD = f"'{APPROVED}'"
_REGISTRY_BICEP = (
    f"resource registry '{REGISTRY}@{VERSIONS[REGISTRY]}' = [for each in registries: {{\n"
    "  name: each.name\n"
    "  location: each.location\n"
    "  sku: { name: 'Premium' }  // the mode reaches the registry by a private endpoint, which only Premium has\n"
    "}]"
)
_REGISTRY_TERRAFORM = (
    "# The mode reaches the registry by a private endpoint, which only Premium has.\n"
    + azapi(
        "registry",
        REGISTRY,
        "each.value",
        'sku = { name = "Premium" }',
        version=VERSIONS[REGISTRY],
        in_properties=False,
    ).replace("  type  ", "  for_each    = toset(var.registry_ids)\n  type  ", 1)
)

MODE_ALLOWED = remediation(
    summary="Change the isolation mode to one that the policy allows. If Azure refuses it, create the workspace again.",
    az=either(
        (
            f"the mode is {INTERNET} and the policy allows {APPROVED}",
            _stricter(where(f"{{{{isolation_mode}}}} = {INTERNET}", _TO_APPROVED)),
        ),
        (
            "the managed network is off",
            isolated(APPROVED, (INTERNET, f"if the policy allows {INTERNET} only")),
        ),
        (
            "Azure refuses the mode, because changeableIsolationModes does not list it",
            "# Create the workspace again, in a mode that the policy allows, and move the work to it.\n"
            "# Or waive the finding.",
        ),
    ),
    bicep=_if_empty(
        f"{workspace_bicep(*_mode_bicep(_APPROVED_WORD))}\n{_REGISTRY_BICEP}", "bicep", when=_EMPTY_OR_ON
    ),
    terraform=_if_empty(
        f"{_REGISTRY_TERRAFORM}\n" + _mode_terraform(f'"{APPROVED}"', after="azapi_update_resource.registry"),
        "terraform",
        when=_EMPTY_OR_ON,
    ),
    caution=f"{ONE_WAY} {APPROVED_NEEDS} From {INTERNET}, computes and endpoints stay in the network and need not be "
    f"deleted. A workspace in {APPROVED} cannot follow a policy that allows {INTERNET} only: admit the stricter "
    "mode in the policy, or create a new workspace.",
)

_KEPT_MODE = f"{{{{isolation_mode}}}} == '{APPROVED}' ? '{APPROVED}' : '{INTERNET}'"
"""An expression of Bicep. A stricter mode that is set already stays: Azure would refuse the change."""

PRIVATE_IN_MANAGED_OUT = remediation(
    summary="Enable a managed virtual network, then disable public network access.",
    az=either(
        ("the managed network is on, in a mode that the policy allows", in_order(*CLOSING)),
        ("the managed network is off", isolated(INTERNET, last=CLOSING)),
        (
            f"the mode is {APPROVED} and the policy does not allow it",
            f"# Change nothing: {APPROVED} is stricter, and Azure cannot change it back. Add it to the parameter "
            "allowed_modes,\n# use the policy managed-outbound, waive the finding, or create the workspace again "
            f"in {INTERNET}.",
        ),
    ),
    bicep=_if_empty(closed_bicep(*_mode_bicep(_KEPT_MODE)), "bicep", when=_EMPTY_OR_ON),
    terraform=_if_empty(
        f"{_mode_terraform(_KEPT_MODE.replace(chr(39), chr(34)))}\n"
        + closed_terraform(after="azapi_resource_action.provisionManagedNetwork"),
        "terraform",
        when=_EMPTY_OR_ON,
    ),
    caution=f"{UNREACHABLE} {ENDPOINTS_CLOSE_TOO} {ONE_WAY} The templates keep the "
    f"stricter mode {APPROVED} if the workspace has it, because Azure cannot change it back.",
)
