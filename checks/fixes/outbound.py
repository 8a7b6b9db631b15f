"""The fixes of the OBR checks in az CLI, Bicep and Terraform.

The user replaces `$NAMES` and `var.names`; the report fills in `{{names}}`.
The commands and properties are those of azure-cli's ml extension 2, api-version 2025-12-01 and azurerm 4.
"""

from __future__ import annotations

from checks.model import Remediation

_OF_WORKSPACE = (
    "--workspace-name {{workspace}} --resource-group {{resource_group}} --subscription {{subscription_id}}"
)
_REMOVE = f"az ml workspace outbound-rule remove {_OF_WORKSPACE} --rule {{{{rule}}}} --yes"
_LIST = f"az ml workspace outbound-rule list {_OF_WORKSPACE}"

_FIREWALL = (
    "Azure creates a firewall for the first host-name rule, bills it by the hour, and removes it only with the "
    "last such rule."
)
_CUT_OFF = "Jobs, image builds and notebooks that use the destination fail after the rule is removed."


def _bicep(*lines: str, name: str = "{{rule}}") -> str:
    properties = "\n".join(f"    {line}" for line in lines)
    return (
        "resource workspace 'Microsoft.MachineLearningServices/workspaces@2025-12-01' existing = {\n"
        "  name: {{workspace}}\n"
        "}\n"
        "resource rule 'Microsoft.MachineLearningServices/workspaces/outboundRules@2025-12-01' = {\n"
        "  parent: workspace\n"
        f"  name: {name}\n"
        "  properties: {\n"
        f"{properties}\n"
        "  }\n"
        "}"
    )


def _terraform(kind: str, *lines: str, name: str = "{{rule}}") -> str:
    arguments = "\n".join(f"  {line}" for line in lines)
    return (
        f'resource "azurerm_machine_learning_workspace_network_outbound_rule_{kind}" "rule" {{\n'
        f"  name         = {name}\n"
        "  workspace_id = {{workspace_id}}\n"
        f"{arguments}\n"
        "}"
    )


_SERVICE_TAG_BICEP = (
    "type: 'ServiceTag'",
    "category: 'UserDefined'",
    "destination: {",
    "  serviceTag: serviceTag",
    "  protocol: 'TCP'",
    "  portRanges: '443'",
    "  addressPrefixes: []",
    "  action: 'Allow'",
    "}",
)
_SERVICE_TAG_TERRAFORM = ("service_tag  = var.service_tag", 'protocol     = "TCP"', 'port_ranges  = "443"')

RULE_PROVISIONED = Remediation(
    summary="Read the rule's error, fix its cause and provision again. For a private endpoint the usual cause is "
    "that the workspace identity may not approve it on the target.",
    az=f"az ml workspace outbound-rule show {_OF_WORKSPACE} --rule {{{{rule}}}}\n"
    "az ml workspace provision-network --name {{workspace}} --resource-group {{resource_group}} "
    "--subscription {{subscription_id}}",
    caution="Since 2025-04-30 Azure does not assign the role Azure AI Enterprise Network Connection Approver on "
    "the target: assign it to the workspace identity.",
)

RULE_OF_VALID_TYPE = Remediation(
    summary="Remove the rule, or change the workspace to AllowOnlyApprovedOutbound, so that the rule has an effect.",
    az=f"{_REMOVE}\n"
    "az ml workspace update --name {{workspace}} --resource-group {{resource_group}} "
    "--subscription {{subscription_id}} --managed-network allow_only_approved_outbound",
    bicep="resource workspace 'Microsoft.MachineLearningServices/workspaces@2025-12-01' = {\n"
    "  name: {{workspace}}\n"
    "  location: {{location}}\n"
    "  properties: {\n"
    "    managedNetwork: {\n"
    "      isolationMode: 'AllowOnlyApprovedOutbound'\n"
    "    }\n"
    "  }\n"
    "}",
    terraform='resource "azurerm_machine_learning_workspace" "workspace" {\n'
    "  name                = {{workspace}}\n"
    "  resource_group_name = {{resource_group}}\n"
    "  location            = {{location}}\n"
    "  managed_network {\n"
    '    isolation_mode = "AllowOnlyApprovedOutbound"\n'
    "  }\n"
    "}",
    caution="Azure cannot change AllowOnlyApprovedOutbound back. changeableIsolationModes lists the modes that the "
    f"workspace can change to. Delete existing computes and create them again. {_FIREWALL}",
)

REQUIRED_TAGS_RESTORED = Remediation(
    summary="Provision the network again so that Azure restores its own rules. Then add each rule that is still "
    "missing.",
    az="az ml workspace provision-network --name {{workspace}} --resource-group {{resource_group}} "
    "--subscription {{subscription_id}}\n"
    f'az ml workspace outbound-rule set {_OF_WORKSPACE} --rule "$RULE" --type service_tag '
    '--service-tag "$TAG" --protocol TCP --port-ranges 443',
    bicep=_bicep(*_SERVICE_TAG_BICEP, name="ruleName"),
    terraform=_terraform("service_tag", *_SERVICE_TAG_TERRAFORM, name="var.rule_name"),
    caution="AzureMachineLearning also needs ports 5831 and 18881. BatchNodeManagement needs the region as suffix.",
)

STORAGE_BY_ENDPOINT = Remediation(
    summary="Add a private-endpoint rule for the storage account, then remove the host-name rule.",
    az=f'az ml workspace outbound-rule set {_OF_WORKSPACE} --rule "$RULE" --type private_endpoint '
    '--service-resource-id "$STORAGE_ACCOUNT_ID" --subresource-target blob --spark-enabled true\n'
    f"{_REMOVE}",
    bicep=_bicep(
        "type: 'PrivateEndpoint'",
        "category: 'UserDefined'",
        "destination: {",
        "  serviceResourceId: storageAccountId",
        "  subresourceTarget: 'blob'",
        "  sparkEnabled: true",
        "}",
        name="ruleName",
    ),
    terraform=_terraform(
        "private_endpoint",
        "service_resource_id = var.storage_account_id",
        'sub_resource_target = "blob"',
        "spark_enabled       = true",
        name="var.rule_name",
    ),
    caution="The workspace identity needs the right to approve the endpoint on the account. Azure bills a private "
    "endpoint by the hour. If another organisation owns the account, copy the files that the work needs to an "
    "account of your own.",
)

OPENING_CLOSED = Remediation(
    summary="Remove the rule. Add a private-endpoint rule for the one resource that the work needs.",
    az=_REMOVE,
    caution=_CUT_OFF,
)

HOST_CORRECTED = Remediation(
    summary="Set the rule's destination to a host name without scheme, port or path, and not to an IP address.",
    az=f'az ml workspace outbound-rule set {_OF_WORKSPACE} --rule {{{{rule}}}} --type fqdn --destination "$HOST"',
    bicep=_bicep("type: 'FQDN'", "category: 'UserDefined'", "destination: hostName"),
    terraform=_terraform("fqdn", "destination_fqdn = var.host"),
    caution="Jobs that use another name for the destination fail until a rule allows that name.",
)

HOST_NARROWED = Remediation(
    summary="Add a rule for the full name of each host that the work needs, then remove the wide rule.",
    az=f'az ml workspace outbound-rule set {_OF_WORKSPACE} --rule "$RULE" --type fqdn --destination "$HOST"\n'
    f"{_REMOVE}",
    bicep=_bicep("type: 'FQDN'", "category: 'UserDefined'", "destination: host", name="ruleName"),
    terraform=_terraform("fqdn", "destination_fqdn = var.host", name="var.rule_name"),
    caution=f"{_CUT_OFF} {_FIREWALL}",
)

PORTS_NARROWED = Remediation(
    summary="Set the rule again with only the protocol and ports that the work needs.",
    az=f"az ml workspace outbound-rule set {_OF_WORKSPACE} --rule {{{{rule}}}} --type service_tag "
    "--service-tag {{service_tag}} --protocol TCP --port-ranges 443",
    bicep=_bicep(
        *(
            line.replace("serviceTag: serviceTag", "serviceTag: {{service_tag}}")
            for line in _SERVICE_TAG_BICEP
        )
    ),
    terraform=_terraform(
        "service_tag",
        *(line.replace("var.service_tag", "{{service_tag}}") for line in _SERVICE_TAG_TERRAFORM),
    ),
    caution="The command replaces the whole rule: repeat its address prefixes if it has any. Replace 443 with the "
    "ports that the work uses.",
)

RULE_APPROVED = Remediation(
    summary="Get the destination approved and add it to the policy, or remove the rule.",
    az=_REMOVE,
    caution=_CUT_OFF,
)

TARGET_SUPPORTED = Remediation(
    summary="Set the rule to a resource type and sub-resource that managed networks support, or remove the rule.",
    az=f"{_REMOVE}\n"
    f"az ml workspace outbound-rule set {_OF_WORKSPACE} --rule {{{{rule}}}} --type private_endpoint "
    '--service-resource-id {{service_resource_id}} --subresource-target "$SUBRESOURCE"',
    bicep=_bicep(
        "type: 'PrivateEndpoint'",
        "category: 'UserDefined'",
        "destination: {",
        "  serviceResourceId: {{service_resource_id}}",
        "  subresourceTarget: subresource",
        "}",
    ),
    terraform=_terraform(
        "private_endpoint",
        "service_resource_id = {{service_resource_id}}",
        "sub_resource_target = var.subresource",
    ),
    caution=_CUT_OFF,
)

REPETITION_REMOVED = Remediation(
    summary="Remove the redundant rule, or the wider rule that covers it.",
    az=f"{_LIST}\n{_REMOVE}",
    caution="First check which of the two rules the work needs: usually the narrow one.",
)

FIREWALL_AVOIDED = Remediation(
    summary="Replace host-name rules with private endpoints or service tags where possible.",
    az=f"{_LIST} --query \"[?type=='FQDN' || type=='fqdn']\"",
    caution=_FIREWALL,
)

TARGET_IN_ALLOWED_SUBSCRIPTION = Remediation(
    summary="Remove the rule, or allow the target's subscription in the policy.",
    az=_REMOVE,
    caution=_CUT_OFF,
)
