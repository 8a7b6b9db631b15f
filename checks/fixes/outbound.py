"""How to mend what OBR finds, in az CLI, Bicep and Terraform.

`$NAMES` and `var.names` are what only the reader knows; `{{names}}` are filled in by the report.
Commands and properties as of azure-cli's ml extension 2, api-version 2025-12-01 and azurerm 4.
"""

from __future__ import annotations

from checks.model import Remediation

_OF_WORKSPACE = (
    "--workspace-name {{workspace}} --resource-group {{resource_group}} --subscription {{subscription_id}}"
)
_REMOVE = f"az ml workspace outbound-rule remove {_OF_WORKSPACE} --rule {{{{rule}}}} --yes"
_LIST = f"az ml workspace outbound-rule list {_OF_WORKSPACE}"

_FIREWALL = (
    "The first host-name rule brings an Azure Firewall, billed by the hour; it is only removed with the last."
)
_CUT_OFF = "Jobs, images and notebooks that rely on the destination fail once the rule is gone."


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
    summary="Read the rule's error, mend its cause (for a private endpoint mostly the workspace identity's "
    "right to approve it on the target), and provision again.",
    az=f"az ml workspace outbound-rule show {_OF_WORKSPACE} --rule {{{{rule}}}}\n"
    "az ml workspace provision-network --name {{workspace}} --resource-group {{resource_group}} "
    "--subscription {{subscription_id}}",
    caution="The role Azure AI Enterprise Network Connection Approver on the target is no longer assigned by "
    "itself (since 2025-04-30).",
)

RULE_OF_VALID_TYPE = Remediation(
    summary="Remove the rule, or tighten the workspace to AllowOnlyApprovedOutbound, where such rules count.",
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
    caution="AllowOnlyApprovedOutbound cannot be relaxed again; changeableIsolationModes says whether the "
    "workspace may go there. Computes made before have to be deleted and made again. "
    f"{_FIREWALL}",
)

REQUIRED_TAGS_RESTORED = Remediation(
    summary="Provision the network again so that Azure restores its own rules; add what still lacks.",
    az="az ml workspace provision-network --name {{workspace}} --resource-group {{resource_group}} "
    "--subscription {{subscription_id}}\n"
    f'az ml workspace outbound-rule set {_OF_WORKSPACE} --rule "$RULE" --type service_tag '
    '--service-tag "$TAG" --protocol TCP --port-ranges 443',
    bicep=_bicep(*_SERVICE_TAG_BICEP, name="ruleName"),
    terraform=_terraform("service_tag", *_SERVICE_TAG_TERRAFORM, name="var.rule_name"),
    caution="AzureMachineLearning also needs ports 5831 and 18881, BatchNodeManagement takes the suffix of "
    "the region.",
)

STORAGE_BY_ENDPOINT = Remediation(
    summary="Reach the storage account by a private-endpoint rule, then remove the host-name rule.",
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
    caution="The workspace identity needs the right to approve the endpoint on the account. A private "
    "endpoint is billed by the hour. Somebody else's public account has no private endpoint to offer: copy "
    "what is needed from it instead.",
)

OPENING_CLOSED = Remediation(
    summary="Remove the rule and reach the one resource that is needed by a private-endpoint rule.",
    az=_REMOVE,
    caution=_CUT_OFF,
)

HOST_CORRECTED = Remediation(
    summary="Set the rule's destination to a host name alone, without scheme, port, path or address.",
    az=f'az ml workspace outbound-rule set {_OF_WORKSPACE} --rule {{{{rule}}}} --type fqdn --destination "$HOST"',
    bicep=_bicep("type: 'FQDN'", "category: 'UserDefined'", "destination: hostName"),
    terraform=_terraform("fqdn", "destination_fqdn = var.host"),
    caution="Jobs that reach the destination by another name fail until the rule has that name.",
)

HOST_NARROWED = Remediation(
    summary="Name the hosts that are needed, each in full, instead of the wide one.",
    az=f'az ml workspace outbound-rule set {_OF_WORKSPACE} --rule "$RULE" --type fqdn --destination "$HOST"\n'
    f"{_REMOVE}",
    bicep=_bicep("type: 'FQDN'", "category: 'UserDefined'", "destination: host", name="ruleName"),
    terraform=_terraform("fqdn", "destination_fqdn = var.host", name="var.rule_name"),
    caution=f"{_CUT_OFF} {_FIREWALL}",
)

PORTS_NARROWED = Remediation(
    summary="Set the rule again with the protocol and the ports that are needed.",
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
    caution="Setting a rule replaces it as a whole: give its address prefixes again where it has any, and "
    "the ports that are really used in place of 443.",
)

RULE_APPROVED = Remediation(
    summary="Have the destination approved and put it into the policy, or remove the rule.",
    az=_REMOVE,
    caution=_CUT_OFF,
)

TARGET_SUPPORTED = Remediation(
    summary="Point the rule at a resource type and sub-resource that managed networks support, or remove it.",
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
    summary="Remove the rule that adds nothing, or the wildcard that makes it superfluous.",
    az=f"{_LIST}\n{_REMOVE}",
    caution="Look first which of the two is wanted: the narrow one mostly is.",
)

FIREWALL_AVOIDED = Remediation(
    summary="Replace host-name rules by private endpoints or service tags where that is possible.",
    az=f"{_LIST} --query \"[?type=='FQDN' || type=='fqdn']\"",
    caution=_FIREWALL,
)

TARGET_IN_ALLOWED_SUBSCRIPTION = Remediation(
    summary="Remove the rule, or allow the target's subscription in the policy.",
    az=_REMOVE,
    caution=_CUT_OFF,
)
