"""The fixes of the END checks in az CLI, Bicep and Terraform.

The contract's PATCH of an online endpoint knows tags and identity only. az and azapi read the endpoint, change one
property and write it back, so traffic, identity and authentication stay.
"""

from __future__ import annotations

from checks.fixes.access.inbound import (
    CLOSING,
    ENDPOINTS_CLOSE_TOO,
    UNREACHABLE,
    closed_bicep,
    closed_terraform,
)
from checks.fixes.access.private_endpoints import ENDPOINT_CREATED, reached_steps
from checks.fixes.access.private_links import (
    first_bicep,
    first_terraform,
    reached_bicep,
    reached_terraform,
    waits_in_bicep,
    waits_in_terraform,
)
from checks.fixes.managed_network import INTERNET, ONE_WAY, isolated
from checks.fixes.marks import ANY_KIND, ANY_TYPE, UNREACHED, only
from checks.fixes.steps import COMMENT, WARNING, by_kind, either, in_order, remediation
from checks.fixes.templates import (
    API,
    EXISTING_WORKSPACE,
    IN_WORKSPACE,
    NOTHING_CLOSED,
    OWN_TEMPLATE,
    WORKSPACE,
    approved_endpoints,
    azapi,
    changed,
    get,
    if_approved,
    indented,
    put,
    where,
)

_ONLINE = f"{WORKSPACE}/onlineEndpoints"


_OWN_NETWORK = (ANY_KIND, "Default", "FeatureStore", "Hub")
"""The kinds that have private endpoints of their own: those of a hub lead to its Projects."""
_OF_HUB = "First create a private endpoint to the hub of the Project, as PEP001 describes."


def _bicep(*lines: str, waits: tuple[str, ...] = ()) -> str:
    return (
        f"// {OWN_TEMPLATE}they go into the resource that creates the endpoint.\n"
        "// A template writes the whole endpoint: keep its identity, authentication mode and traffic.\n"
        f"{EXISTING_WORKSPACE}"
        f"resource endpoint '{_ONLINE}@{API}' = {{\n"
        "  parent: workspace\n"
        "  name: {{endpoint}}\n"
        "  location: {{location}}\n"
        "  identity: identity\n"
        f"{indented(waits, 1)}"
        "  properties: {\n"
        "    traffic: traffic\n"
        f"{indented(lines, 2)}"
        "  }\n"
        "}"
    )


def _of_own_network(lines: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(only(line, *_OWN_NETWORK) for line in lines)


def _closed_bicep() -> str:
    """Return the lines that close the endpoint, after a private endpoint to its workspace."""
    closed = _bicep(
        *("authMode: authMode", "publicNetworkAccess: 'Disabled'"), waits=_of_own_network(waits_in_bicep())
    ).replace("resource endpoint ", "resource online ", 1)
    hub = only(only(f"// {_OF_HUB}", "Project"), UNREACHED)
    return "\n".join([*_of_own_network((first_bicep(),)), hub, closed])


def _closed_terraform() -> str:
    """Return the resource that closes the endpoint, after a private endpoint to its workspace."""
    waits = _of_own_network(waits_in_terraform())
    closed = azapi("endpoint", _ONLINE, "{{endpoint_id}}", 'publicNetworkAccess = "Disabled"', waits=waits)
    hub = only(only(f"# {_OF_HUB}", "Project"), UNREACHED)
    return "\n".join([*_of_own_network((first_terraform(),)), hub, closed])


_OWNER = get("{{workspace_id}}", query="'properties.hubResourceId || id' --output tsv")

ENDPOINT_PRIVATE = remediation(
    summary="Disable the endpoint's public network access. Clients then use the workspace's private endpoint.",
    az=in_order(
        (
            f"Look for an approved private endpoint of the workspace, or of its hub. {NOTHING_CLOSED}",
            f"owner=$({_OWNER})\n" + approved_endpoints('"$owner"'),
        ),
        (
            f"{WARNING}clients without the private endpoint lose access at once.",
            if_approved(changed("properties.publicNetworkAccess=Disabled", resource_id="{{endpoint_id}}")),
        ),
    ),
    bicep=_closed_bicep(),
    terraform=_closed_terraform(),
    caution="Clients that cannot reach the workspace's private endpoint fail at once: first create it with its DNS "
    "zones, as PEP001 describes. The az steps close nothing without one, and the templates create it first. First "
    "replace a private endpoint that was created before 2022-05-24.",
)

ACCESS_COMBINED_AS_DOCUMENTED = remediation(
    summary="Disable the endpoint's public network access as well. Clients then use the workspace's private endpoint.",
    az=ENDPOINT_PRIVATE.az,
    bicep=_closed_bicep(),
    terraform=_closed_terraform(),
    caution=f"{ENDPOINT_PRIVATE.caution} Address rules on a disabled workspace still open its endpoints: remove "
    "the rules too, as NET005 describes. A Project uses the settings of its hub: change the hub.",
)

_COPY = (
    "'{location: location, kind: kind, sku: sku, identity: identity, tags: tags, "
    'properties: merge(properties, {egressPublicNetworkAccess: `"Enabled"`})}\''
)

_NEW_DEPLOYMENT = '{{endpoint_id}}/deployments/"$EGRESS_DEPLOYMENT"'

LEGACY_ISOLATION_REMOVED = remediation(
    summary="Create a second deployment without the legacy isolation, send it the traffic, and delete the old one. The "
    "workspace's managed network then isolates it.",
    az=in_order(
        (
            "Save the description of the deployment, with the change in it.",
            f"{get('{{deployment_id}}', query=_COPY)} > deployment.json",
        ),
        (
            "Create the new deployment, and test it before it receives traffic.",
            f"{put(_NEW_DEPLOYMENT, '@deployment.json')}\n"
            f"az resource wait --ids {_NEW_DEPLOYMENT} --api-version {API} --created",
        ),
        (
            "Move the share of the traffic. The other deployments keep theirs.",
            "az resource update --ids {{endpoint_id}} "
            f'--api-version {API} --set properties.traffic."$EGRESS_DEPLOYMENT"="$SHARE" '
            "properties.traffic.{{deployment}}=0",
        ),
        (
            f"{WARNING}Azure cannot restore a deleted deployment.",
            f"az resource delete --ids {{{{deployment_id}}}} --api-version {API}",
        ),
    ),
    caution="Azure does not change the flag on an existing deployment. Test the new deployment before it receives "
    "traffic. Azure bills both deployments until the old one is deleted. A model from a registry needs the legacy flag "
    "in a secured endpoint, as Microsoft documents: waive the finding there.",
)

_BATCH, _SERVERLESS = f"{WORKSPACE}/batchEndpoints", f"{WORKSPACE}/serverlessEndpoints"


def _of_type_bicep(type_: str, *lines: str, top: tuple[str, ...] = ()) -> str:
    """Return lines for a batch or serverless endpoint, with what such a resource has to repeat."""
    return (
        f"// {OWN_TEMPLATE}they go into the resource that creates the endpoint.\n"
        "// A template writes the whole endpoint: keep what it has now.\n"
        f"{EXISTING_WORKSPACE}"
        f"resource endpoint '{type_}@{API}' = {{\n"
        "  parent: workspace\n"
        "  name: {{endpoint}}\n"
        "  location: {{location}}\n"
        f"{indented(top, 1)}"
        "  properties: {\n"
        f"{indented(lines, 2)}"
        "  }\n"
        "}"
    )


def _of_type_terraform(type_: str, mode: str) -> str:
    return azapi("endpoint", type_, "{{endpoint_id}}", f'authMode = "{mode}"')


_TYPES = (
    (("online",), "it is an online endpoint"),
    (("batch",), "it is a batch endpoint"),
    (("serverless",), "it is a serverless endpoint"),
)


def _by_type(*texts: str, language: str) -> str:
    ways = ((*type_, text) for type_, text in zip(_TYPES, texts, strict=True))
    return by_kind(*ways, language=language, unknown=ANY_TYPE)


ENDPOINT_BY_ENTRA_ID = remediation(
    summary="Change the clients to Entra ID tokens, then change the endpoint's authentication mode. Create a "
    "serverless endpoint again.",
    az="# An online or a batch endpoint:\n"
    + where(
        "{{endpoint_type}} != serverless",
        changed("properties.authMode=AADToken", resource_id="{{endpoint_id}}"),
    )
    + "\n# A serverless endpoint:\n"
    + where(
        "{{endpoint_type}} = serverless",
        changed("properties.authMode=AAD", resource_id="{{endpoint_id}}"),
    ),
    bicep=_by_type(
        _bicep("authMode: 'AADToken'"),
        _of_type_bicep(_BATCH, "defaults: defaults", "authMode: 'AADToken'", top=("identity: identity",)),
        _of_type_bicep(
            *(_SERVERLESS, "modelSettings: modelSettings", "authMode: 'AAD'"), top=("sku: { name: tier }",)
        ),
        language="bicep",
    ),
    terraform=_by_type(
        _of_type_terraform(_ONLINE, "AADToken"),
        _of_type_terraform(_BATCH, "AADToken"),
        _of_type_terraform(_SERVERLESS, "AAD"),
        language="terraform",
    ),
    caution="The endpoint refuses clients that send a key at once. Each client's identity needs the action "
    "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/score/action, or that of batchEndpoints or "
    "serverlessEndpoints. Endpoints on Kubernetes do not accept Entra ID tokens: set AMLToken there. If Azure refuses "
    "to change the mode, create a second endpoint, move the clients and delete the old one.",
)

_NO_ENDPOINT = "the workspace has no managed online endpoint"

SELECTED_ADDRESSES_BACKED = remediation(
    summary="Create a private endpoint to the workspace. If it has managed online endpoints, enable its managed "
    "network instead.",
    az=either(
        (_NO_ENDPOINT, in_order(*reached_steps())),
        (
            "it has one",
            isolated(
                INTERNET,
                last=(
                    (
                        "Let the network reach the workspace.",
                        f'az ml workspace outbound-rule set {IN_WORKSPACE} --rule "$RULE_NAME" --type private_endpoint '
                        "--service-resource-id {{workspace_id}} --subresource-target amlworkspace",
                    ),
                ),
            ),
        ),
    ),
    bicep=either(
        (_NO_ENDPOINT, reached_bicep()),
        ("it has one", "// Follow the az steps: they also delete the endpoint and create it again."),
        language="bicep",
    ),
    terraform=either(
        (_NO_ENDPOINT, reached_terraform()),
        ("it has one", "# Follow the az steps: they also delete the endpoint and create it again."),
        language="terraform",
    ),
    caution=f"{ENDPOINT_CREATED.caution} With a private endpoint alone, Azure creates compute instances in a "
    f"subnet, but managed online deployments still fail. The managed network: {ONE_WAY}",
)

_AT_HUB = (
    "Follow the fix of NET001 for its hub, whose access decides, with a private endpoint to the hub first."
)


def _closed_unless_project(text: str, language: str) -> str:
    return by_kind(
        (_OWN_NETWORK[1:], "it is an endpoint of a workspace, a feature store or a hub", text),
        (("Project",), "it is one of a Project", f"{COMMENT[language]} {_AT_HUB}"),
        language=language,
    )


BATCH_REACHED = remediation(
    summary="Disable the workspace's public access, or move the batch endpoint to a workspace without selected "
    "addresses.",
    az=_closed_unless_project(in_order(*CLOSING), "az"),
    bicep=_closed_unless_project(closed_bicep(), "bicep"),
    terraform=_closed_unless_project(closed_terraform(), "terraform"),
    caution=f"{UNREACHABLE} {ENDPOINTS_CLOSE_TOO} A Project uses the settings of its hub: change the hub.",
)
