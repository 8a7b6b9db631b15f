"""The fixes of the checks of scenarios in az CLI, Bicep and Terraform.

The user replaces `$NAMES`, names without braces and `var.names`; the report fills in `{{names}}`.
The commands and properties are those of azure-cli's ml extension 2, api-version 2025-12-01 and azurerm 4.
"""

from __future__ import annotations

from checks.model import Remediation
from checks.network.scenario_hosts import HUGGING_FACE_HOSTS, PACKAGE_HOSTS, VS_CODE_HOSTS

_SET = (
    "az ml workspace outbound-rule set --workspace-name {{workspace}} --resource-group {{resource_group}} "
    "--subscription {{subscription_id}}"
)
_FIREWALL = (
    "Azure creates a firewall for the first host-name rule and bills it by the hour. Data can leave through the "
    "allowed hosts. Add only the hosts that are missing. A Project uses the rules of its hub."
)
_APPROVAL = (
    "The workspace identity needs the role Azure AI Enterprise Network Connection Approver on the target. Azure "
    "bills a private endpoint by the hour. A Project uses the rules of its hub."
)
_WORKSPACE = (
    "resource workspace 'Microsoft.MachineLearningServices/workspaces@2025-12-01' existing = {\n"
    "  name: {{workspace}}\n"
    "}\n"
)


def _hosts(prefix: str, summary: str, hosts: tuple[str, ...]) -> Remediation:
    commands = (
        f"{_SET} --rule {prefix}-{number} --type fqdn --destination '{host}'"
        for number, host in enumerate(hosts, 1)
    )
    quoted = "\n".join(f"  '{host}'" for host in hosts)
    listed = ", ".join(f'"{host}"' for host in hosts)
    return Remediation(
        summary=summary,
        az="\n".join(commands),
        bicep=f"{_WORKSPACE}var hosts = [\n{quoted}\n]\n"
        "resource rules 'Microsoft.MachineLearningServices/workspaces/outboundRules@2025-12-01' = "
        "[for (host, i) in hosts: {\n"
        "  parent: workspace\n"
        f"  name: '{prefix}-${{i + 1}}'\n"
        "  properties: { type: 'FQDN', category: 'UserDefined', destination: host }\n"
        "}]",
        terraform='resource "azurerm_machine_learning_workspace_network_outbound_rule_fqdn" "rules" {\n'
        f"  for_each         = {{ for i, host in [{listed}] : i => host }}\n"
        f'  name             = "{prefix}-${{each.key + 1}}"\n'
        "  workspace_id     = {{workspace_id}}\n"
        "  destination_fqdn = each.value\n"
        "}",
        caution=_FIREWALL,
    )


def _endpoints(summary: str, targets: tuple[tuple[str, str, str], ...], caution: str) -> Remediation:
    """Return the fix that adds private-endpoint rules.

    A target is the rule's name, the resource id as a shell word and the sub-resource.
    """
    return Remediation(
        summary=summary,
        az="\n".join(
            f"{_SET} --rule {name} --type private_endpoint --service-resource-id {target} "
            f"--subresource-target {part}"
            for name, target, part in targets
        ),
        bicep=_WORKSPACE + "\n".join(_endpoint_bicep(*target) for target in targets),
        terraform="\n".join(_endpoint_terraform(*target) for target in targets),
        caution=caution,
    )


def _symbol(name: str) -> str:
    return name.replace("-", "_")


def _endpoint_bicep(name: str, target: str, part: str) -> str:
    resource = target if target.startswith("{{") else f"{_symbol(name)}_target"
    return (
        f"resource {_symbol(name)} "
        "'Microsoft.MachineLearningServices/workspaces/outboundRules@2025-12-01' = {\n"
        "  parent: workspace\n"
        f"  name: '{name}'\n"
        "  properties: {\n"
        "    type: 'PrivateEndpoint'\n"
        "    category: 'UserDefined'\n"
        f"    destination: {{ serviceResourceId: {resource}, subresourceTarget: '{part}' }}\n"
        "  }\n"
        "}"
    )


def _endpoint_terraform(name: str, target: str, part: str) -> str:
    resource = target if target.startswith("{{") else f"var.{_symbol(name)}_target"
    return (
        'resource "azurerm_machine_learning_workspace_network_outbound_rule_private_endpoint" '
        f'"{_symbol(name)}" {{\n'
        f'  name                = "{name}"\n'
        "  workspace_id        = {{workspace_id}}\n"
        f"  service_resource_id = {resource}\n"
        f'  sub_resource_target = "{part}"\n'
        "}"
    )


PACKAGES_ALLOWED = _hosts("python-packages", "Allow the hosts of the package indexes.", PACKAGE_HOSTS)

VS_CODE_ALLOWED = _hosts("vs-code", "Allow the hosts of Visual Studio Code.", VS_CODE_HOSTS)

HUGGING_FACE_ALLOWED = _hosts(
    "hugging-face", "Allow the hosts that Hugging Face models come from.", HUGGING_FACE_HOSTS
)

BATCH_ENDPOINTS_ADDED = _endpoints(
    "Add private-endpoint rules for the queue and table of the default storage account.",
    (
        ("batch-queue", "{{storage_account}}", "queue"),
        ("batch-table", "{{storage_account}}", "table"),
    ),
    "Azure bills both endpoints by the hour. A Project uses the rules of its hub.",
)

PROMPT_FLOW_ENDPOINTS_ADDED = _endpoints(
    "Add private-endpoint rules for the AI services account and the search service that the flows use.",
    (
        ("prompt-flow-ai", '"$AI_SERVICES_ID"', "account"),
        ("prompt-flow-search", '"$SEARCH_SERVICE_ID"', "searchService"),
    ),
    _APPROVAL,
)

WORKSPACE_ENDPOINT_ADDED = _endpoints(
    "Add a private-endpoint rule from the managed network to the workspace itself.",
    (("workspace-itself", "{{workspace_id}}", "amlworkspace"),),
    "Add the rule after the workspace exists: Azure does not accept it at creation. Azure bills the endpoint by "
    "the hour. A Project uses the rules of its hub.",
)
