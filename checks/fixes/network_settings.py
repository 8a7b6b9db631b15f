"""The fixes of the checks MVN003 to MVN007, about the settings of a managed network, in az CLI, Bicep and Terraform."""

from __future__ import annotations

from checks.fixes.access.inbound import (
    CLOSING,
    ENDPOINTS_CLOSE_TOO,
    HUB,
    UNREACHABLE,
    closed_bicep,
    closed_terraform,
)
from checks.fixes.rules import unless_present
from checks.fixes.steps import either, in_order, remediation
from checks.fixes.templates import (
    action,
    in_azurerm,
    json_word,
    patched,
    provisioned,
    put,
    workspace_bicep,
    workspace_terraform,
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

_ON, _OFF = "the managed network is on", "the managed network is off"


def _serverless(sign: str, subnet: str, no_public_ip: str) -> tuple[str, ...]:
    """Return the settings of serverless compute in Bicep or Terraform."""
    return (
        f"serverlessComputeSettings{sign} {{",
        f"  serverlessComputeCustomSubnet{sign} {subnet}",
        f"  serverlessComputeNoPublicIP{sign} {no_public_ip}",
        "}",
    )


SERVERLESS_PRIVATE = remediation(
    summary="With a managed network, remove the custom subnet of serverless compute. Without one, disable the "
    "public IP addresses of its nodes and keep the subnet.",
    az=either(
        (
            _ON,
            patched(
                serverlessComputeSettings={
                    "serverlessComputeCustomSubnet": None,
                    "serverlessComputeNoPublicIP": False,
                }
            ),
        ),
        (
            _OFF,
            patched(
                serverlessComputeSettings={
                    "serverlessComputeCustomSubnet": "{{serverless_compute_custom_subnet}}",
                    "serverlessComputeNoPublicIP": True,
                }
            ),
        ),
    ),
    bicep=either(
        (_ON, workspace_bicep(*_serverless(":", "null", "false"))),
        (_OFF, workspace_bicep(*_serverless(":", "{{serverless_compute_custom_subnet}}", "true"))),
        language="bicep",
    ),
    terraform=either(
        (
            _ON,
            workspace_terraform(
                *_serverless(" =", "null", "false"),
                azurerm=in_azurerm(workspace=("# without a block serverless_compute",)),
            ),
        ),
        (
            _OFF,
            workspace_terraform(
                *_serverless(" =", "{{serverless_compute_custom_subnet}}", "true"),
                azurerm=in_azurerm(
                    workspace=(
                        "serverless_compute {",
                        "  subnet_id         = {{serverless_compute_custom_subnet}}",
                        "  public_ip_enabled = false",
                        "}",
                    )
                ),
            ),
        ),
        language="terraform",
    ),
    caution="Serverless jobs that reach something through the subnet need an outbound rule for it first. With "
    "isolation off, nodes without a public IP address need the subnet, with outbound access, to reach the service. "
    "Without a subnet Azure ignores serverlessComputeNoPublicIP.",
)

_RULE = {
    "type": "PrivateEndpoint",
    "category": "UserDefined",
    "destination": {
        "serviceResourceId": "$workspace",
        "subresourceTarget": "amlworkspace",
        "sparkEnabled": True,
    },
}
_RULE_ADDED = "workspace={{workspace_id}}\n" + unless_present(
    "properties.destination.serviceResourceId=='$workspace' && properties.destination.sparkEnabled",
    put('"$workspace/outboundRules/$RULE_NAME"', json_word({"properties": _RULE})),
)

ENDPOINT_RULE_TO_WORKSPACE = remediation(
    summary="Disable public network access and provision again with Spark.",
    az=in_order(
        *CLOSING,
        ("Provision again, with Spark.", provisioned(spark=True)),
        ("Add a private endpoint rule to the workspace itself, unless there is one.", _RULE_ADDED),
    ),
    bicep=closed_bicep(),
    terraform=closed_terraform(),
    caution=f"{UNREACHABLE} {ENDPOINTS_CLOSE_TOO} {HUB} Bicep and Terraform only disable public access: provision "
    "again with az.",
)

FIREWALL_SKU_SET = remediation(
    summary="Set the firewall tier that the policy requires.",
    az=patched(managedNetwork={"firewallSku": "$SKU"}),
    bicep=workspace_bicep("managedNetwork: {", "  firewallSku: sku", "}"),
    terraform=workspace_terraform("managedNetwork = { firewallSku = var.sku }"),
    caution="Azure replaces the firewall to change its tier. Outbound traffic by host name stops until the new "
    f"firewall runs. The Basic tier has a lower throughput. The tiers have different prices. {HUB}",
)
