"""The fixes of the MVN checks and of NET006 in az CLI, Bicep and Terraform.

A workspace that gets a managed network has to lose its computes and managed online endpoints first: Azure does not move
them into the network. The steps save, delete, isolate, provision and create again, in this order.
"""

from __future__ import annotations

from checks.fixes.computes import IN_MANAGED_NETWORK
from checks.fixes.inbound import (
    CLOSED_BICEP,
    CLOSED_TERRAFORM,
    CLOSING,
    HAS_ENDPOINT,
    HUB,
    OPEN_ENDPOINTS,
    UNREACHABLE,
)
from checks.fixes.steps import WARNING, either, in_order, remediation
from checks.fixes.templates import (
    API,
    IN_WORKSPACE,
    action,
    get,
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
    f"once a host-name rule exists. {HUB}"
)

_COMPUTE = '{{workspace_id}}/computes/"$COMPUTE"'
_ENDPOINT = '{{workspace_id}}/onlineEndpoints/"$ENDPOINT"'
_DEPLOYMENT = f'{_ENDPOINT}/deployments/"$DEPLOYMENT"'
_FILE_OF_ENDPOINT = '@"$ENDPOINT.json"'
_FILE_OF_DEPLOYMENT = '@"$ENDPOINT-$DEPLOYMENT.json"'
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
        "Save the endpoint and each of its deployments: step 5 deletes them with it. The third file has the traffic.",
        f'{get(_ENDPOINT, query=_WITHOUT_TRAFFIC)} > "$ENDPOINT.json"\n'
        f'{get(_DEPLOYMENT)} > "$ENDPOINT-$DEPLOYMENT.json"\n'
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
_FILLED = (
    ("Provision the network. This takes about half an hour.", provisioned()),
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


def _isolation(mode: str, *others: tuple[str, str]) -> tuple[str, str]:
    alternatives = "".join(
        f"# Or, {when}:\n# {patched(managedNetwork={'isolationMode': other})}\n" for other, when in others
    )
    return (
        f"{WARNING}Azure cannot switch the managed network off again.",
        f"{patched(managedNetwork={'isolationMode': mode})}\n"
        f"{alternatives}"
        f"az resource wait --ids {{{{workspace_id}}}} --api-version {API} --updated",
    )


def isolated(mode: str, *others: tuple[str, str], last: tuple[tuple[str, str], ...] = ()) -> str:
    """Return all steps that put the workspace and its computes and endpoints into a managed network.

    `others` are modes that may be set instead, and when.
    """
    return in_order(*_EMPTIED, _isolation(mode, *others), *_FILLED, *last)


def isolation_bicep(mode: str, *others: str) -> str:
    """Return the lines of the workspace for an isolation mode, an expression of Bicep."""
    return workspace_bicep(
        *others,
        f"// {WARNING}Azure cannot switch the managed network off again. First delete computes and endpoints.",
        "managedNetwork: {",
        f"  isolationMode: {mode}",
        "}",
    )


def isolation_terraform(mode: str) -> str:
    """Return the Terraform resources that isolate the workspace and provision its network.

    The mode is an expression of Terraform.
    """
    return (
        f"# {WARNING}Azure cannot switch the managed network off again. First delete computes and endpoints.\n"
        + workspace_terraform(
            f"managedNetwork = {{ isolationMode = {mode} }}",
            azurerm=(
                "azurerm_machine_learning_workspace and azurerm_ai_foundry (a hub): "
                f"managed_network {{ isolation_mode = {mode} }}",
            ),
        )
        + "\n"
        + action("provisionManagedNetwork", "includeSpark = false").replace(
            '  method      = "POST"\n',
            '  method      = "POST"\n  depends_on  = [azapi_update_resource.workspace]\n',
        )
    )


APPROVED_NEEDS = (
    "AllowOnlyApprovedOutbound blocks everything that no rule allows: first list the destinations of "
    "the work."
)

NETWORK_ON = remediation(
    summary="Enable a managed virtual network, in the strictest mode that the workloads allow.",
    az=isolated(INTERNET, (APPROVED, "if outbound rules can list every destination of the work")),
    bicep=isolation_bicep(f"'{INTERNET}'"),
    terraform=isolation_terraform(f'"{INTERNET}"'),
    caution=f"{ONE_WAY} {APPROVED_NEEDS} If a policy allows that mode only, use the second alternative.",
)

_TO_APPROVED = patched(managedNetwork={"isolationMode": APPROVED})


def _stricter(change: str) -> str:
    """Return the steps from the mode that lets out to any public address to the stricter one."""
    return in_order(
        (
            f"{WARNING}Azure cannot change the mode back, and blocks everything that no rule allows.",
            change,
        ),
        ("Provision again. Azure adds its own rules.", provisioned()),
    )


STRICTER = _stricter(_TO_APPROVED)
"""The steps for a workspace whose mode is known to be `INTERNET`."""

MODE_ALLOWED = remediation(
    summary="Change the isolation mode to one that the policy allows.",
    az=either(
        (
            f"the mode is {INTERNET} and the policy allows {APPROVED}",
            _stricter(where(f"{{{{isolation_mode}}}} = {INTERNET}", _TO_APPROVED)),
        ),
        (
            "the managed network is off",
            isolated(APPROVED, (INTERNET, f"if the policy allows {INTERNET} only")),
        ),
    ),
    bicep=isolation_bicep(f"'{APPROVED}'"),
    terraform=isolation_terraform(f'"{APPROVED}"'),
    caution=f"{ONE_WAY} {APPROVED_NEEDS} From {INTERNET}, computes and endpoints stay in the network and need not be "
    f"deleted. A workspace in {APPROVED} cannot follow a policy that allows {INTERNET} only: admit the stricter "
    "mode in the policy, or create a new workspace.",
)

_KEPT_MODE = f"{{{{isolation_mode}}}} == '{APPROVED}' ? '{APPROVED}' : '{INTERNET}'"
"""An expression of Bicep. A stricter mode that is set already stays: Azure would refuse the change."""

PRIVATE_IN_MANAGED_OUT = remediation(
    summary="Enable a managed virtual network, then disable public network access.",
    az=either(
        ("the managed network is on", in_order(HAS_ENDPOINT, CLOSING)),
        ("the managed network is off", isolated(INTERNET, last=(HAS_ENDPOINT, CLOSING))),
    ),
    bicep=isolation_bicep(_KEPT_MODE, "publicNetworkAccess: 'Disabled'"),
    terraform=f"{isolation_terraform(_KEPT_MODE.replace(chr(39), chr(34)))}\n"
    "# Apply this after the private endpoint works:\n"
    + CLOSED_TERRAFORM.replace(
        '"azapi_update_resource" "workspace"', '"azapi_update_resource" "inbound"'
    ).replace(
        "  body = {\n", "  depends_on  = [azapi_resource_action.provisionManagedNetwork]\n  body = {\n", 1
    ),
    caution=f"{UNREACHABLE} {OPEN_ENDPOINTS} {ONE_WAY} If the workspace allows only approved outbound already, it "
    "stays so: that mode is stricter, and the parameter allowed_modes can admit it.",
)

NETWORK_PROVISIONED = remediation(
    summary="Provision the managed network, then create older computes again. If that fails, read the error that Azure "
    "reports.",
    az=provisioned(),
    terraform=action("provisionManagedNetwork", "includeSpark = false"),
    caution="Provisioning takes up to half an hour. Azure then bills private endpoints and a firewall. Computes "
    "that are older than the isolation stay outside the network until they are created again. A Project uses the "
    "network of its hub: provision the hub's network.",
)

SPARK_PROVISIONED = remediation(
    summary="Provision the managed network again, with Spark.",
    az=provisioned(spark=True),
    terraform=action("provisionManagedNetwork", "includeSpark = true"),
    caution="First disable public network access; otherwise Azure may not create the endpoints to the workspace. Azure "
    f"bills network resources after provisioning. {HUB}",
)

SERVERLESS_PRIVATE = remediation(
    summary="With a managed network, remove the custom subnet of serverless compute. Without one, disable the "
    "public IP addresses of its nodes and keep the subnet.",
    az=either(
        (
            "the managed network is on",
            patched(
                serverlessComputeSettings={
                    "serverlessComputeCustomSubnet": None,
                    "serverlessComputeNoPublicIP": False,
                }
            ),
        ),
        (
            "the managed network is off",
            patched(
                serverlessComputeSettings={
                    "serverlessComputeCustomSubnet": "{{serverless_compute_custom_subnet}}",
                    "serverlessComputeNoPublicIP": True,
                }
            ),
        ),
    ),
    bicep=workspace_bicep(
        "// the managed network is on; otherwise keep the subnet and set serverlessComputeNoPublicIP: true",
        "serverlessComputeSettings: {",
        "  serverlessComputeCustomSubnet: null",
        "  serverlessComputeNoPublicIP: false",
        "}",
    ),
    terraform=workspace_terraform(
        "# the managed network is on; otherwise keep the subnet and set serverlessComputeNoPublicIP = true",
        "serverlessComputeSettings = {",
        "  serverlessComputeCustomSubnet = null",
        "  serverlessComputeNoPublicIP   = false",
        "}",
        azurerm=(
            "azurerm_machine_learning_workspace, managed network off: serverless_compute { subnet_id, "
            "public_ip_enabled = false }",
            "managed network on: no serverless_compute block. azurerm refuses public_ip_enabled = false without a "
            "subnet.",
        ),
    ),
    caution="Serverless jobs that reach something through the subnet need an outbound rule for it first. With "
    "isolation off, nodes without a public IP address need the subnet, with outbound access, to reach the service. "
    "Without a subnet Azure ignores serverlessComputeNoPublicIP.",
)

_ADD_RULE = (
    f'az ml workspace outbound-rule set {IN_WORKSPACE} --rule "$RULE_NAME" --type private_endpoint '
    "--service-resource-id {{workspace_id}} --subresource-target amlworkspace --spark-enabled true"
)

ENDPOINT_RULE_TO_WORKSPACE = remediation(
    summary="Disable public network access and provision again with Spark.",
    az=in_order(
        HAS_ENDPOINT,
        CLOSING,
        ("Provision again, with Spark.", provisioned(spark=True)),
        (
            "Look for a private endpoint rule to the workspace itself.",
            f"az ml workspace outbound-rule list {IN_WORKSPACE} --query \"[?type=='PrivateEndpoint']\"",
        ),
        ("If there is none, add it by removing the comment sign.", f"# {_ADD_RULE}"),
    ),
    bicep=CLOSED_BICEP,
    terraform=CLOSED_TERRAFORM,
    caution=f"{UNREACHABLE} {HUB} Bicep and Terraform only disable public access: provision again with az.",
)

FIREWALL_SKU_SET = remediation(
    summary="Set the firewall tier that the policy requires.",
    az=patched(managedNetwork={"firewallSku": "$SKU"}),
    bicep=workspace_bicep("managedNetwork: {", "  firewallSku: sku", "}"),
    terraform=workspace_terraform("managedNetwork = { firewallSku = var.sku }"),
    caution="Azure replaces the firewall to change its tier. Outbound traffic by host name stops until the new "
    f"firewall runs. The Basic tier has a lower throughput. The tiers have different prices. {HUB}",
)
