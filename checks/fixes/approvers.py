"""The fix of the check about the role that lets the workspace identity approve private endpoints."""

from __future__ import annotations

from checks.fixes.steps import either, remediation
from checks.fixes.templates import OWN_TEMPLATE
from checks.network.approvers import APPROVER, CONTRIBUTOR

_NAME = "Azure AI Enterprise Network Connection Approver"
_OTHERS = "the target is a Data Factory, a Databricks workspace, a MariaDB server or a Function App"


def _assigned(role: str) -> str:
    return (
        'az role assignment create --assignee-object-id "$PRINCIPAL_ID" --assignee-principal-type ServicePrincipal '
        f"--role '{role}' --scope {{{{service_resource_id}}}}"
    )


def _terraform(role: str) -> str:
    return (
        'resource "azurerm_role_assignment" "approver" {\n'
        "  scope                = {{service_resource_id}}\n"
        f'  role_definition_name = "{role}"\n'
        "  principal_id         = var.principal_id\n"
        "}"
    )


def _bicep(role: str) -> str:
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
    summary=f"Assign the role {_NAME} on the target to the workspace identity.",
    az=either(("the role covers the target", _assigned(_NAME)), (_OTHERS, _assigned("Contributor"))),
    bicep=f"// {OWN_TEMPLATE}they go beside the resource that creates the target, whose symbol is `target`.\n"
    + either(
        ("the role covers the target", _bicep(APPROVER)), (_OTHERS, _bicep(CONTRIBUTOR)), language="bicep"
    ),
    terraform=either(
        ("the role covers the target", _terraform(_NAME)),
        (_OTHERS, _terraform("Contributor")),
        language="terraform",
    ),
    caution="Only an Owner, a User Access Administrator or a Role Based Access Control Administrator of the target can "
    "assign the role. Azure takes some minutes to honour it. If the rule is not Active, provision the network again, "
    "as the fix of OBR001 does. Contributor may also change the target: a custom role with the action "
    "privateEndpointConnectionsApproval of its type is narrower.",
)
