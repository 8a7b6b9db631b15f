"""The fixes of the OBR checks in az CLI, Bicep and Terraform.

A rule is changed by reading it and writing it back with one property changed, so it keeps its name, address prefixes,
protocol and action.
"""

from __future__ import annotations

from checks.fixes.managed_network import APPROVED, ONE_WAY, isolated
from checks.fixes.rules import (
    APPROVER,
    CUT_OFF,
    FIREWALL,
    HOST_ADDED,
    HUBS_RULES,
    LIST_RULES,
    REMOVAL,
    REMOVAL_TERRAFORM,
    REMOVED,
    RULE,
    SAVED,
    endpoint_bicep,
    endpoint_rule,
    endpoint_terraform,
    rule_bicep,
    rule_terraform,
    unless_present,
)
from checks.fixes.steps import WARNING, commented, either, in_order, remediation
from checks.fixes.templates import (
    EXISTING_WORKSPACE,
    IN_WORKSPACE,
    action,
    azapi,
    changed,
    get,
    provisioned,
    where,
)

RULE_PROVISIONED = remediation(
    summary="Read the rule's error, fix its cause and provision again. For a private endpoint the usual cause is "
    "that the workspace identity may not approve it on the target.",
    az=in_order(
        ("Read the error.", get("{{rule_id}}", query="properties")),
        (
            "If the rule is a private endpoint, let the workspace identity approve it.",
            where(
                "{{type}} = PrivateEndpoint",
                'az role assignment create --assignee-object-id "$PRINCIPAL_ID" '
                "--assignee-principal-type ServicePrincipal --role "
                "'Azure AI Enterprise Network Connection Approver' --scope {{service_resource_id}}",
            ),
        ),
        ("Provision again.", provisioned()),
    ),
    terraform='resource "azurerm_role_assignment" "approver" {\n'
    '  count                = {{type}} == "PrivateEndpoint" ? 1 : 0\n'
    "  scope                = {{service_resource_id}}\n"
    '  role_definition_name = "Azure AI Enterprise Network Connection Approver"\n'
    "  principal_id         = var.principal_id\n"
    "}\n"
    + action("provisionManagedNetwork", "includeSpark = false").replace(
        '  method      = "POST"\n',
        '  method      = "POST"\n  depends_on  = [azurerm_role_assignment.approver]\n',
    ),
    caution="Since 2025-04-30 Azure does not assign the role Azure AI Enterprise Network Connection Approver on the "
    "target. Provisioning takes up to half an hour. Another cause has to be fixed first.",
)

RULE_OF_VALID_TYPE = remediation(
    summary="Remove the rule, which has no effect, or change the workspace to AllowOnlyApprovedOutbound.",
    az=either(
        ("the isolation mode is right", REMOVAL),
        ("the rule is right", isolated(APPROVED)),
    ),
    terraform=REMOVAL_TERRAFORM,
    caution=f"Nothing depends on a rule without effect. The second alternative blocks everything that no rule allows. "
    f"{ONE_WAY}",
)

_TAG_BICEP = (
    "type: 'ServiceTag'",
    "destination: {",
    "  serviceTag: serviceTag",
    "  protocol: 'TCP'",
    "  portRanges: '443'",
    "  action: 'Allow'",
    "}",
)
_TAG_TERRAFORM = (
    'type = "ServiceTag"',
    "destination = {",
    "  serviceTag = var.service_tag",
    '  protocol   = "TCP"',
    '  portRanges = "443"',
    '  action     = "Allow"',
    "}",
)
_SET_TAG = f"az ml workspace outbound-rule set {IN_WORKSPACE} --type service_tag"

REQUIRED_TAGS_RESTORED = remediation(
    summary="Provision the network again so that Azure restores its own rules. Then add each rule that is still "
    "missing.",
    az=in_order(
        ("Provision again. Azure adds its own rules.", provisioned()),
        ("Look which tags are still missing.", f"{LIST_RULES} --query \"[?type=='ServiceTag']\""),
        (
            "Add a rule for each missing tag.",
            unless_present(
                "properties.destination.serviceTag=='$SERVICE_TAG'",
                f'{_SET_TAG} --rule "$RULE_NAME" --service-tag "$SERVICE_TAG" --protocol TCP --port-ranges 443',
            ),
        ),
        (
            "If AzureMachineLearning was missing, add its other ports by removing the comment signs.",
            commented(
                f"{_SET_TAG} --rule azureml-tcp --service-tag AzureMachineLearning --protocol TCP "
                "--port-ranges '8787,18881'\n"
                f"{_SET_TAG} --rule azureml-udp --service-tag AzureMachineLearning --protocol UDP --port-ranges 5831"
            ),
        ),
    ),
    bicep=EXISTING_WORKSPACE + rule_bicep(*_TAG_BICEP),
    terraform=f"{action('provisionManagedNetwork', 'includeSpark = false')}\n"
    "# If a tag is still missing afterwards, remove these comment signs:\n"
    + commented(rule_terraform(*_TAG_TERRAFORM), "terraform"),
    caution=f"AzureMachineLearning also needs TCP 8787 and 18881 and UDP 5831. Bicep adds one rule: "
    f"provision with az first. {HUBS_RULES}",
)

STORAGE_BY_ENDPOINT = remediation(
    summary="Add a private-endpoint rule to the storage account, then remove the host-name rule.",
    az=in_order(
        ("Add the private endpoint.", endpoint_rule('"$TARGET_ID"', '"$SUBRESOURCE"')),
        (
            "Wait until the new rule is Active.",
            f'az ml workspace outbound-rule show {IN_WORKSPACE} --rule "$RULE_NAME" --query status',
        ),
        SAVED,
        REMOVED,
    ),
    terraform=f"{rule_terraform(*endpoint_terraform('var.target_id', 'var.subresource'))}\n"
    + REMOVAL_TERRAFORM.replace("{{rule_id}}\n", "{{rule_id}}\n  depends_on  = [azapi_resource.rule]\n"),
    caution=f"{APPROVER} Work that reads a foreign account fails after the rule is removed: copy the files that it "
    "needs to an account of your own.",
)

OPENING_CLOSED = remediation(
    summary="Remove the rule. Before, add a private-endpoint rule for the one resource that the work needs.",
    az=either(
        ("no work needs the destination", REMOVAL),
        (
            "the work needs one resource behind it",
            in_order(
                ("Add the private endpoint.", endpoint_rule('"$TARGET_ID"', '"$SUBRESOURCE"')),
                SAVED,
                REMOVED,
            ),
        ),
    ),
    terraform=REMOVAL_TERRAFORM,
    caution=f"{CUT_OFF} {APPROVER}",
)

HOST_CORRECTED = remediation(
    summary="Set the rule's destination to a host name without scheme, port or path, and not to an IP address.",
    az=f'az ml workspace outbound-rule set {IN_WORKSPACE} --rule {{{{rule}}}} --type fqdn --destination "$HOST"',
    bicep=EXISTING_WORKSPACE + rule_bicep("type: 'FQDN'", "destination: host", name="{{rule}}"),
    terraform=azapi("rule", RULE, "{{rule_id}}", "destination = var.host"),
    caution="Jobs that use another name for the destination fail until a rule allows that name. If another rule "
    "has the host already, remove this rule instead: a second one adds nothing (OBR010).",
)

HOST_NARROWED = remediation(
    summary="Add a rule for the full name of each host that the work needs, then remove the wide rule.",
    az=in_order(("Add a rule for each host.", HOST_ADDED), SAVED, REMOVED),
    terraform=rule_terraform('type = "FQDN"', "destination = var.host")
    + "\n"
    + REMOVAL_TERRAFORM.replace("{{rule_id}}\n", "{{rule_id}}\n  depends_on  = [azapi_resource.rule]\n"),
    caution=f"{CUT_OFF} {FIREWALL} Add no rule for a host that another rule opens: it adds nothing (OBR010).",
)

PORTS_NARROWED = remediation(
    summary="Limit the rule to the protocol and ports that the work needs. It keeps its tag and address prefixes.",
    az=changed(
        'properties.destination.protocol="$PROTOCOL"',
        'properties.destination.portRanges="\\"$PORT_RANGES\\""',
        resource_id="{{rule_id}}",
    ),
    bicep=EXISTING_WORKSPACE
    + rule_bicep(
        "type: 'ServiceTag'",
        "destination: {",
        "  serviceTag: {{service_tag}}",
        "  protocol: protocol",
        "  portRanges: portRanges",
        "  addressPrefixes: empty({{address_prefixes}}) ? [] : split({{address_prefixes}}, ', ')",
        "  action: 'Allow'",
        "}",
        name="{{rule}}",
    ),
    terraform=azapi(
        "rule",
        RULE,
        "{{rule_id}}",
        "destination = {",
        "  protocol   = var.protocol",
        "  portRanges = var.port_ranges",
        "}",
    ),
    caution="Work that uses another port or protocol of the destination fails at once. If another rule opens the same "
    "port of the destination, remove this rule instead: a second one adds nothing (OBR010).",
)

RULE_APPROVED = remediation(
    summary="Get the destination approved and add it to the policy, or remove the rule.",
    az=REMOVAL,
    terraform=REMOVAL_TERRAFORM,
    caution=f"First ask for the approval: the parameter approved of the policy can admit the destination. {CUT_OFF}",
)

TARGET_SUPPORTED = remediation(
    summary="Set the rule to a sub-resource that managed networks support, or remove the rule.",
    az=either(
        (
            "the resource type is supported and the sub-resource is not",
            changed('properties.destination.subresourceTarget="$SUBRESOURCE"', resource_id="{{rule_id}}"),
        ),
        ("managed networks do not support the resource type", REMOVAL),
    ),
    bicep=EXISTING_WORKSPACE
    + rule_bicep(*endpoint_bicep("{{service_resource_id}}", "subresource"), name="{{rule}}"),
    terraform=azapi(
        "rule", RULE, "{{rule_id}}", "destination = {", "  subresourceTarget = var.subresource", "}"
    ),
    caution=f"The unsupported rule never carried traffic, so nothing depends on it. {APPROVER}",
)

REPETITION_REMOVED = remediation(
    summary="Remove the redundant rule, or the wider rule that covers it.",
    az=in_order(("Compare the two rules.", LIST_RULES), SAVED, REMOVED),
    terraform=REMOVAL_TERRAFORM,
    caution="First check which of the two rules the work needs: usually the narrow one. The steps remove the rule of "
    "this finding; to keep it, remove the wider rule instead.",
)

FIREWALL_AVOIDED = remediation(
    summary="Waive the finding if the hosts are worth their firewall. Otherwise replace host-name rules with private "
    "endpoints or service tags.",
    az=either(
        (
            "the hosts are worth their firewall",
            f"# Waive the finding in the policy. These are the rules:\n{LIST_RULES}",
        ),
        (
            "private endpoints or service tags can replace the rules; repeat the steps for each rule",
            in_order(
                ("Add the private endpoint.", endpoint_rule('"$TARGET_ID"', '"$SUBRESOURCE"')),
                (
                    "Save the host-name rule.",
                    get('{{workspace_id}}/outboundRules/"$OLD_RULE"') + " > rule.json",
                ),
                (
                    f"{WARNING}work that uses the host fails from now on.",
                    f'az ml workspace outbound-rule remove {IN_WORKSPACE} --rule "$OLD_RULE" --yes',
                ),
            ),
        ),
    ),
    caution=f"{FIREWALL} {APPROVER} {HUBS_RULES}",
)

TARGET_IN_OWN_TENANT = remediation(
    summary="Remove the rule, or move the target to a subscription of the workspace's tenant.",
    az=REMOVAL,
    terraform=REMOVAL_TERRAFORM,
    caution=f"First ask who owns the target. {CUT_OFF}",
)

TARGET_IN_ALLOWED_SUBSCRIPTION = remediation(
    summary="Remove the rule, or allow the target's subscription in the policy.",
    az=REMOVAL,
    terraform=REMOVAL_TERRAFORM,
    caution=f"First ask whether the subscription is yours: the parameter allowed_subscriptions can admit it. "
    f"{CUT_OFF}",
)

DEPENDENCIES_REACHED = remediation(
    summary="Provision the network again, so that Azure creates the private endpoints that it requires. Then add "
    "each rule that is still missing.",
    az=in_order(
        ("Provision again. Azure adds its own private endpoints.", provisioned()),
        ("Look which are still missing.", f"{LIST_RULES} --query \"[?type=='PrivateEndpoint']\""),
        ("Add a rule for each missing one.", endpoint_rule('"$DEPENDENCY_ID"', '"$SUBRESOURCE"')),
    ),
    bicep=EXISTING_WORKSPACE + rule_bicep(*endpoint_bicep("dependencyId", "subresource")),
    terraform=f"{action('provisionManagedNetwork', 'includeSpark = false')}\n"
    "# If one is still missing afterwards, remove these comment signs:\n"
    + commented(rule_terraform(*endpoint_terraform("var.dependency_id", "var.subresource")), "terraform"),
    caution=f"{APPROVER} A registry has to be Premium. Bicep adds one rule: provision with az first. "
    f"{HUBS_RULES}",
)
