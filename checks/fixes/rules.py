"""Commands and resources for outbound rules that the OBR and SCN fixes share.

A rule is saved before it is removed. Terraform uses azapi: azurerm refuses several targets and service tags, and cannot
express address prefixes.
"""

from __future__ import annotations

from collections.abc import Iterable

from checks.fixes.steps import COMMENT, WARNING, in_order
from checks.fixes.templates import API, IN_WORKSPACE, WORKSPACE, get, indented

RULE = f"{WORKSPACE}/outboundRules"
LIST_RULES = f"az ml workspace outbound-rule list {IN_WORKSPACE}"

FIREWALL = (
    "Azure creates a firewall for the first host-name rule, bills it by the hour, and removes it only with the "
    "last such rule."
)
SCENARIOS_TOO = (
    "So do the scenarios whose hosts only this rule opens: SCN001, SCN002, SCN003, SCN004, SCN005 or SCN006."
)
CUT_OFF = f"Jobs, image builds and notebooks that use the destination fail after the rule is removed. {SCENARIOS_TOO}"
APPROVER = (
    "Since 2025-04-30 Azure does not assign the role Azure AI Enterprise Network Connection Approver on the target: "
    "assign it to the workspace identity first. Azure bills a private endpoint by the hour."
)
HUBS_RULES = "A Project uses the network of its hub: change the hub."

_WAIVER = (
    "Add this waiver to the policy, with the approver and the last day, because OBR012 reports the firewall:",
    "- {check: OBR012, where: {workspace: {{workspace_id}}}, reason: the work needs these hosts}",
)


def waiver(*, language: str) -> str:
    """Return the comment that waives the firewall of host-name rules."""
    return "\n".join(f"{COMMENT[language]} {line}" for line in _WAIVER)


SAVED = (
    "Save the rule, to be able to set it again.",
    f"{get('{{rule_id}}')} > {{{{workspace}}}}-{{{{rule}}}}.json",
)
REMOVED = (
    f"{WARNING}work that uses the destination fails from now on.",
    f"az ml workspace outbound-rule remove {IN_WORKSPACE} --rule {{{{rule}}}} --yes",
)
REMOVAL = in_order(SAVED, REMOVED)
REMOVAL_TERRAFORM = (
    f"# {WARNING}work that uses the destination fails from now on.\n"
    "# If Terraform created the rule, delete its resource instead.\n"
    'resource "azapi_resource_action" "removed_rule" {\n'
    f'  type        = "{RULE}@{API}"\n'
    "  resource_id = {{rule_id}}\n"
    '  method      = "DELETE"\n'
    "}"
)


def rule_bicep(*properties: str, name: str = "ruleName", symbol: str = "rule") -> str:
    """Return the Bicep resource of a rule, without that of the workspace."""
    return (
        f"resource {symbol} '{RULE}@{API}' = {{\n"
        "  parent: workspace\n"
        f"  name: {name}\n"
        "  properties: {\n"
        "    category: 'UserDefined'\n"
        f"{indented(properties, 2)}"
        "  }\n"
        "}"
    )


def rule_terraform(*properties: str, name: str = "var.rule_name", symbol: str = "rule") -> str:
    """Return the Terraform resource of a new rule."""
    return (
        f'resource "azapi_resource" "{symbol}" {{\n'
        f'  type      = "{RULE}@{API}"\n'
        "  parent_id = {{workspace_id}}\n"
        f"  name      = {name}\n"
        "  body = {\n"
        "    properties = {\n"
        '      category = "UserDefined"\n'
        f"{indented(properties, 3)}"
        "    }\n"
        "  }\n"
        "}"
    )


def unless_present(condition: str, command: str) -> str:
    """Return a command that adds a rule, unless a rule exists for which the JMESPath condition is true."""
    query = f'"value[?{condition}].name" --output tsv'
    listed = get("{{workspace_id}}/outboundRules", query=query)
    return f'if [ -z "$({listed})" ]; then {command}; fi'


def endpoint_rule(target: str, part: str) -> str:
    """Return the command that adds a private-endpoint rule, unless the network has the endpoint."""
    condition = (
        f"properties.destination.serviceResourceId=='{target}' && properties.destination.subresourceTarget=='{part}'"
    ).replace('"', "")
    command = (
        f'az ml workspace outbound-rule set {IN_WORKSPACE} --rule "$RULE_NAME" --type private_endpoint '
        f"--service-resource-id {target} --subresource-target {part}"
    )
    return unless_present(condition, command)


def endpoint_bicep(target: str, part: str) -> tuple[str, ...]:
    """Return the properties of a private-endpoint rule in Bicep."""
    return (
        "type: 'PrivateEndpoint'",
        "destination: {",
        f"  serviceResourceId: {target}",
        f"  subresourceTarget: {part}",
        "}",
    )


def endpoint_terraform(target: str, part: str) -> tuple[str, ...]:
    """Return the properties of a private-endpoint rule in Terraform."""
    return (
        'type = "PrivateEndpoint"',
        "destination = {",
        f"  serviceResourceId = {target}",
        f"  subresourceTarget = {part}",
        "}",
    )


_IN_FORCE = 'properties.status!=`"Failed"` && properties.status!=`"Deleting"`'
"""The JMESPath condition of the rules that open their destination, at the latest after the next provisioning."""

HOSTS_LISTED = (
    "hosts=$("
    + get(
        "{{workspace_id}}/outboundRules",
        query=f"""'value[?properties.type==`"FQDN"` && {_IN_FORCE}].properties.destination' --output tsv""",
    )
    + " | sed 's/[.]$//')"
)
"""The command that lists the hosts of all rules, without the dot of the root, for `unless_open`."""


def unless_open(hosts: Iterable[str], command: str) -> str:
    """Return a command that adds a rule, unless one of `HOSTS_LISTED` is one of these hosts, however it is spelled."""
    words = " ".join(f"-e {host}" for host in hosts)
    return f'if ! echo "$hosts" | grep -ixF {words} > /dev/null; then {command}; fi'


HOST_ADDED = f"{HOSTS_LISTED}\n" + unless_open(
    ['"$HOST"'],
    f'az ml workspace outbound-rule set {IN_WORKSPACE} --rule "$RULE_NAME" --type fqdn --destination "$HOST"',
)
"""The commands that add a rule for a host, unless there is one."""
