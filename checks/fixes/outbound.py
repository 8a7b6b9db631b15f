"""The fixes of OBR001 to OBR003 and OBR009 to OBR012 in az CLI, Bicep and Terraform; see also `openings`."""

from __future__ import annotations

from checks.fixes.rules import (
    APPROVER,
    CUT_OFF,
    FIREWALL,
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
    waiver,
)
from checks.fixes.steps import WARNING, commented, either, in_order, remediation
from checks.fixes.templates import (
    EXISTING_WORKSPACE,
    IN_WORKSPACE,
    OWN_TEMPLATE,
    action,
    azapi,
    changed,
    get,
    provisioned,
    where,
)
from checks.network import approvers

_APPROVER_ROLE = "Azure AI Enterprise Network Connection Approver"


def _assigned(role: str) -> str:
    return (
        'az role assignment create --assignee-object-id "$PRINCIPAL_ID" --assignee-principal-type ServicePrincipal '
        f"--role '{role}' --scope {{{{service_resource_id}}}}"
    )


def _role_terraform(role: str) -> str:
    return (
        'resource "azurerm_role_assignment" "approver" {\n'
        "  scope                = {{service_resource_id}}\n"
        f'  role_definition_name = "{role}"\n'
        "  principal_id         = var.principal_id\n"
        "}"
    )


_ALONE = "no other rule opens the destination or a part of it"
_REPEATED = "another rule does, and one of the two adds nothing"
_REWRITTEN = azapi("rule", RULE, "{{rule_id}}", 'category = "UserDefined"').replace(
    "  type ",
    '  count       = {{type}} == "PrivateEndpoint" ? 0 : {{category}} == "UserDefined" ? 1 : 0\n  type ',
    1,
)

RULE_PROVISIONED = remediation(
    summary="Read the rule's error, fix its cause and provision again. For a private endpoint the usual cause is "
    "that the workspace identity may not approve it on the target.",
    az=either(
        (
            _ALONE,
            in_order(
                ("Read the error.", get("{{rule_id}}", query="properties")),
                (
                    "If the rule is a private endpoint, let the workspace identity approve it.",
                    where("{{type}} = PrivateEndpoint", _assigned(_APPROVER_ROLE)),
                ),
                (
                    "If it is one of yours for a host or a service tag, write it again.",
                    where(
                        "{{type}} != PrivateEndpoint ] && [ {{category}} = UserDefined",
                        changed("properties.category=UserDefined", resource_id="{{rule_id}}"),
                    ),
                ),
                ("Provision again.", provisioned()),
            ),
        ),
        (_REPEATED, REMOVAL),
    ),
    terraform=either(
        (
            _ALONE,
            _role_terraform(_APPROVER_ROLE).replace(
                "  scope ", '  count                = {{type}} == "PrivateEndpoint" ? 1 : 0\n  scope ', 1
            )
            + f"\n{_REWRITTEN}\n"
            + action("provisionManagedNetwork", "includeSpark = false").replace(
                '  method      = "POST"\n',
                '  method      = "POST"\n'
                "  depends_on  = [azurerm_role_assignment.approver, azapi_update_resource.rule]\n",
            ),
        ),
        (_REPEATED, REMOVAL_TERRAFORM),
        language="terraform",
    ),
    caution="Since 2025-04-30 Azure does not assign the role Azure AI Enterprise Network Connection Approver on the "
    "target. Provisioning takes up to half an hour. If the error has another cause, fix that first.",
)

RULE_OF_VALID_TYPE = remediation(
    summary="Remove the rule, which has no effect in the isolation mode of the workspace.",
    az=REMOVAL,
    terraform=REMOVAL_TERRAFORM,
    caution="Nothing depends on a rule without effect. If the rule is to have one, the workspace needs the mode "
    "AllowOnlyApprovedOutbound: MVN002 describes the change, which Azure cannot undo.",
)

_PORTS = (("TCP", "8787,18881"), ("UDP", "5831"))
"""The ports of AzureMachineLearning beside TCP 443: for single features, and to create compute instances."""


def _tag(language: str, tag: str, protocol: str = "TCP", ports: str = "443") -> tuple[str, ...]:
    """Return the properties of a rule for a service tag, an expression of the language."""
    sign, quote = {"bicep": (":", "'"), "terraform": (" =", '"')}[language]
    members = {"protocol": protocol, "portRanges": ports, "action": "Allow"}
    return (
        f"type{sign} {quote}ServiceTag{quote}",
        f"destination{sign} {{",
        f"  serviceTag{sign} {tag}",
        *(f"  {name}{sign} {quote}{value}{quote}" for name, value in members.items()),
        "}",
    )


def _learning(language: str, protocol: str, ports: str) -> str:
    """Return a rule for other ports of AzureMachineLearning, if the tag is missing."""
    name = f"azureml-{protocol.lower()}"
    if language == "bicep":
        lines = _tag(language, "'AzureMachineLearning'", protocol, ports)
        rule = rule_bicep(*lines, name=f"'{name}'", symbol=name.replace("-", "_"))
        return rule.replace("= {", "= if (contains(serviceTags, 'AzureMachineLearning')) {", 1)
    rule = rule_terraform(
        *_tag(language, '"AzureMachineLearning"', protocol, ports), name=f'"{name}"', symbol=name
    )
    condition = 'contains(var.service_tags, "AzureMachineLearning") ? 1 : 0'
    return rule.replace("  type  ", f"  count     = {condition}\n  type  ", 1)


_RULE_BICEP = rule_bicep(*_tag("bicep", "serviceTag"), name="'required-${replace(serviceTag, '.', '-')}'")
_RULE_TERRAFORM = rule_terraform(
    *_tag("terraform", "each.value"), name='"required-${replace(each.value, ".", "-")}"'
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
                "properties.destination.serviceTag=='$SERVICE_TAG' && properties.status!='Failed'",
                f'{_SET_TAG} --rule "$RULE_NAME" --service-tag "$SERVICE_TAG" --protocol TCP --port-ranges 443',
            ),
        ),
        (
            "If AzureMachineLearning was missing, add its other ports by removing the comment signs.",
            commented(
                "\n".join(
                    f"{_SET_TAG} --rule azureml-{protocol.lower()} --service-tag AzureMachineLearning "
                    f"--protocol {protocol} --port-ranges '{ports}'"
                    for protocol, ports in _PORTS
                )
            ),
        ),
    ),
    bicep="\n".join(
        [
            EXISTING_WORKSPACE.rstrip(),
            _RULE_BICEP.replace("= {", "= [for serviceTag in serviceTags: {", 1).removesuffix("}") + "}]",
            *(_learning("bicep", *each) for each in _PORTS),
        ]
    ),
    terraform=f"{action('provisionManagedNetwork', 'includeSpark = false')}\n"
    "# If tags are still missing afterwards, remove these comment signs:\n"
    + commented(
        "\n".join(
            [
                _RULE_TERRAFORM.replace("  type  ", "  for_each  = toset(var.service_tags)\n  type  ", 1),
                *(_learning("terraform", *each) for each in _PORTS),
            ]
        ),
        "terraform",
    ),
    caution=f"AzureMachineLearning also needs TCP 8787 and 18881 and UDP 5831. First provision with az: Azure then "
    f"adds its own rules, and the Bicep text adds only those that are still missing. {HUBS_RULES}",
)

_WRONG_PART = "managed networks support the resource type, but not the sub-resource"
_WRONG_TYPE = "managed networks do not support the resource type"

TARGET_SUPPORTED = remediation(
    summary="Set the rule to a sub-resource that managed networks support, or remove the rule.",
    az=either(
        (
            _WRONG_PART,
            changed('properties.destination.subresourceTarget="$SUBRESOURCE"', resource_id="{{rule_id}}"),
        ),
        (_WRONG_TYPE, REMOVAL),
    ),
    bicep=either(
        (
            _WRONG_PART,
            EXISTING_WORKSPACE
            + rule_bicep(
                "type: 'PrivateEndpoint'",
                "destination: {",
                "  serviceResourceId: {{service_resource_id}}",
                "  subresourceTarget: subresource",
                "  sparkEnabled: {{spark_enabled}} == 'true'",
                "}",
                name="{{rule}}",
            ),
        ),
        (_WRONG_TYPE, "// Follow the az steps: Bicep deletes nothing."),
        language="bicep",
    ),
    terraform=either(
        (
            _WRONG_PART,
            azapi(
                "rule", RULE, "{{rule_id}}", "destination = {", "  subresourceTarget = var.subresource", "}"
            ),
        ),
        (_WRONG_TYPE, REMOVAL_TERRAFORM),
        language="terraform",
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
            f"{waiver(language='az')}\n# These are the rules:\n{LIST_RULES}",
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
    caution=f"{FIREWALL} {CUT_OFF} {APPROVER} {HUBS_RULES}",
)

DEPENDENCIES_REACHED = remediation(
    summary="Provision the network again, so that Azure creates the private endpoints that it requires. Then add "
    "each rule that is still missing.",
    az=in_order(
        ("Provision again. Azure adds its own private endpoints.", provisioned()),
        ("Look which are still missing.", f"{LIST_RULES} --query \"[?type=='PrivateEndpoint']\""),
        ("Add a rule for each missing one.", endpoint_rule('"$DEPENDENCY_ID"', '"$SUBRESOURCE"')),
    ),
    bicep=EXISTING_WORKSPACE
    + rule_bicep(*endpoint_bicep("dependency.id", "dependency.subresource"), name="'dependency-${i + 1}'")
    .replace("= {", "= [for (dependency, i) in dependencies: {", 1)
    .removesuffix("}")
    + "}]",
    terraform=f"{action('provisionManagedNetwork', 'includeSpark = false')}\n"
    "# If one is still missing afterwards, remove these comment signs:\n"
    + commented(rule_terraform(*endpoint_terraform("var.dependency_id", "var.subresource")), "terraform"),
    caution=f"{APPROVER} A registry has to be Premium. First provision with az: Bicep then adds those that are still "
    f"missing. {HUBS_RULES}",
)

_OTHER_TARGETS = "the target is a Data Factory, a Databricks workspace, a MariaDB server or a Function App"


def _role_bicep(role: str) -> str:
    return (
        "resource approver 'Microsoft.Authorization/roleAssignments@2022-04-01' = {\n"
        f"  name: guid(target.id, principalId, '{role}')\n"
        "  scope: target\n"
        "  properties: {\n"
        f"    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '{role}')\n"
        "    principalId: principalId\n"
        "    principalType: 'ServicePrincipal'\n"
        "  }\n"
        "}"
    )


IDENTITY_MAY_APPROVE = remediation(
    summary=f"Assign the role {_APPROVER_ROLE} on the target to the workspace identity.",
    az=either(
        ("the role covers the target", _assigned(_APPROVER_ROLE)), (_OTHER_TARGETS, _assigned("Contributor"))
    ),
    bicep=f"// {OWN_TEMPLATE}they go beside the resource that creates the target, whose symbol is `target`.\n"
    + either(
        ("the role covers the target", _role_bicep(approvers.APPROVER)),
        (_OTHER_TARGETS, _role_bicep(approvers.CONTRIBUTOR)),
        language="bicep",
    ),
    terraform=either(
        ("the role covers the target", _role_terraform(_APPROVER_ROLE)),
        (_OTHER_TARGETS, _role_terraform("Contributor")),
        language="terraform",
    ),
    caution="Only an Owner, a User Access Administrator or a Role Based Access Control Administrator of the target can "
    "assign the role. The assignment takes effect after some minutes. If the rule is not Active, provision the "
    "network again, as the fix of OBR001 does. Contributor may also change the target: a custom role with the action "
    "privateEndpointConnectionsApproval of its type is narrower.",
)
