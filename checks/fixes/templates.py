"""Commands and resources that several fixes share.

az changes a resource by `az rest --method patch` where the contract of Azure has the property. Otherwise
`az resource update` reads the resource, changes one property and writes it back. `az ml workspace update` is left out
for the managed network, because `--managed-network` also sends the firewall tier Standard and no rules
(measured with azure-ai-ml 1.35.2).

Terraform uses azapi, whose `azapi_update_resource` changes the named properties alone, whatever kind the workspace has.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from checks.fixes.marks import ANY_KIND, KINDS, only

API = "2025-12-01"
PREVIEW = "2025-10-01-preview"
"""The newest preview that has `networkAcls` of a workspace; no stable version has it."""

WORKSPACE = "Microsoft.MachineLearningServices/workspaces"
OF_WORKSPACE = "--name {{workspace}} --resource-group {{resource_group}} --subscription {{subscription_id}}"
IN_WORKSPACE = (
    "--workspace-name {{workspace}} --resource-group {{resource_group}} --subscription {{subscription_id}}"
)

OWN_TEMPLATE = "Lines for your own template: "
"""Begins the comment on lines that must not be deployed alone, and names the place where they go."""

EXISTING_WORKSPACE = f"resource workspace '{WORKSPACE}@{API}' existing = {{\n  name: {{{{workspace}}}}\n}}\n"


def get(resource_id: str, *, query: str = "", version: str = API) -> str:
    """Return the command that reads a resource, as JSON."""
    how = f" --query {query}" if query else ""
    return f"az rest --method get --url {resource_id} --url-parameters api-version={version}{how}"


def put(resource_id: str, body: str, *, version: str = API) -> str:
    """Return the command that writes a resource. `body` is a shell word."""
    return f"az rest --method put --url {resource_id} --url-parameters api-version={version} --body {body}"


def patch(body: Mapping[str, Any], *, version: str = API, resource_id: str = "{{workspace_id}}") -> str:
    """Return the command that changes these properties of a resource and no other."""
    return (
        f"az rest --method patch --url {resource_id} --url-parameters api-version={version} "
        f"--body {json_word(body)}"
    )


def patched(version: str = API, **properties: Any) -> str:
    """Return the command that changes properties of the workspace."""
    return patch({"properties": properties}, version=version)


def json_word(body: Mapping[str, Any]) -> str:
    """Return JSON as one word of a shell. A value `$NAME` is filled in by the shell, `{{name}}` by the report."""
    text = json.dumps(body)
    for value in sorted(set(_strings(body))):
        if value.startswith("$"):
            text = text.replace(f'"{value}"', f'"\'"{value}"\'"')
        elif value.startswith("{{"):
            text = text.replace(f'"{value}"', f"\"'{value}'\"")
    return f"'{text}'"


def in_shell(name: str) -> str:
    """Return a JSON text of JMESPath that the shell fills in, inside a query in single quotes."""
    return f"""`"'"${name}"'"`"""


def _strings(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [*value, *(text for each in value.values() for text in _strings(each))]
    if isinstance(value, list):
        return [text for each in value for text in _strings(each)]
    return [value] if isinstance(value, str) else []


def changed(*settings: str, resource_id: str, version: str = API) -> str:
    """Return the command that reads a resource, changes some properties and writes it back whole.

    az parses a value as JSON if it can: text that is a number needs quotes of its own.
    """
    return f"az resource update --ids {resource_id} --api-version {version} --set {' '.join(settings)}"


def where(condition: str, command: str) -> str:
    """Return a command that runs only if the condition of `test` is true."""
    return f"if [ {condition} ]; then {command}; fi"


NOTHING_CLOSED = "Without one, the next steps close nothing."
"""Ends the sentence before the command that `approved_endpoints` returns."""


def approved_endpoints(resource_id: str) -> str:
    """Return the command that reads the ids of the approved private endpoints, for `if_approved`."""
    return (
        f"approved=$(az network private-endpoint-connection list --id {resource_id} "
        "--query \"[?properties.privateLinkServiceConnectionState.status=='Approved'].id\" --output tsv)"
    )


def if_approved(command: str) -> str:
    """Return the command that closes something, for a resource with an approved private endpoint alone."""
    refused = "Nothing is closed, because there is no approved private endpoint: create one first."
    return f"if [ -n \"$approved\" ]; then {command}; else echo '{refused}'; fi"


def provisioned(*, spark: bool = False) -> str:
    """Return the command that provisions the managed network."""
    return f"az ml workspace provision-network {OF_WORKSPACE}" + (" --include-spark" if spark else "")


def indented(lines: tuple[str, ...], depth: int) -> str:
    """Return the lines, each with an end of line, `depth` levels in."""
    return "".join(f"{'  ' * depth}{line}\n" for line in lines)


def workspace_bicep(*properties: str, version: str = API, top: tuple[str, ...] = ()) -> str:
    """Return lines for the workspace in the user's template: members of the resource and of its properties."""
    body = f"  properties: {{\n    // the properties that you have\n{indented(properties, 2)}  }}\n"
    return (
        f"// {OWN_TEMPLATE}they go into the resource that creates the workspace.\n"
        "// Deployed alone they would write the workspace without its other settings.\n"
        f"resource workspace '{WORKSPACE}@{version}' = {{\n"
        "  name: {{workspace}}\n"
        "  location: {{location}}\n"
        f"{only('  kind: {{workspace_kind}}', *KINDS)}\n"
        f"{indented(top, 1)}"
        f"{body if properties else '  properties: {}  // the properties that you have' + chr(10)}"
        "}"
    )


def azapi(
    name: str,
    type_: str,
    resource_id: str,
    *lines: str,
    version: str = API,
    in_properties: bool = True,
    waits: tuple[str, ...] = (),
) -> str:
    """Return a Terraform resource that changes these properties of an existing resource and no other.

    `waits` are lines with its `depends_on`.
    """
    members = ("properties = {", *(f"  {line}" for line in lines), "}") if in_properties else lines
    return (
        f'resource "azapi_update_resource" "{name}" {{\n'
        f'  type        = "{type_}@{version}"\n'
        f"  resource_id = {resource_id}\n"
        f"{indented(waits, 0)}"
        f"  body = {{\n{indented(members, 2)}  }}\n"
        "}"
    )


_AZURERM_WORKSPACE, _AZURERM_HUB = "azurerm_machine_learning_workspace", "azurerm_ai_foundry"
_UNDONE = (
    "If azurerm created the workspace, set it there instead. Otherwise the next run of Terraform undoes it."
)


def in_azurerm(*, workspace: tuple[str, ...], hub: tuple[str, ...] = (), is_ordered: bool = False) -> str:
    """Return the azurerm resource of each kind of workspace with these arguments, in comments.

    A hub without an argument, and a Project, which has none of these, are changed by azapi alone. With `is_ordered`
    the resource waits for what the other one waits for.
    """
    waits = ("# and depends_on as below",) if is_ordered else ()
    texts = [
        _of_azurerm("Default", "a workspace", _AZURERM_WORKSPACE, (*workspace, *waits)),
        _of_azurerm(
            *("FeatureStore", "a feature store", _AZURERM_WORKSPACE),
            ('kind = "FeatureStore"', *workspace, *waits),
        ),
        _of_azurerm("Hub", "a hub", _AZURERM_HUB, (*hub, *waits) if hub else ()),
        _of_azurerm("Project", "a Project", f"{_AZURERM_HUB}_project", ()),
    ]
    return "\n".join([only(f"# {_UNDONE}", ANY_KIND), *texts])


def _of_azurerm(kind: str, what: str, resource: str, arguments: tuple[str, ...]) -> str:
    if not arguments:
        return only(f"# For {what}, {resource} has no argument for it: use azapi.", ANY_KIND, kind)
    lines = (
        "name = {{workspace}}",
        "resource_group_name = {{resource_group}}",
        "location = {{location}}",
        "# the arguments that you have",
        *arguments,
    )
    where_it_goes = f"# {OWN_TEMPLATE}they go into the resource that creates {what}.\n"
    block = "".join(f"# {line}\n" for line in new_resource(resource, *lines, name="workspace").splitlines())
    return f"{only(f'# {_UNDONE}', kind)}\n{only(where_it_goes + block, ANY_KIND, kind)}"


def workspace_terraform(
    *properties: str,
    version: str = API,
    name: str = "workspace",
    waits: tuple[str, ...] = (),
    azurerm: str = "",
) -> str:
    """Return the Terraform resource that changes the workspace.

    `azurerm` has the azurerm resources for the same setting: if Terraform created the workspace with azurerm, its next
    run would undo the change.
    """
    own = azapi(name, WORKSPACE, "{{workspace_id}}", *properties, version=version, waits=waits)
    return f"{azurerm}\n{own}" if azurerm else own


def new_resource(kind: str, *lines: str, name: str = "new") -> str:
    """Return a Terraform resource, its arguments in columns."""
    names = [line.split(" = ")[0] for line in lines if not line.startswith((" ", "#")) and " = " in line]
    width = max(map(len, names))
    columns = tuple(
        f"{argument:{width}} = {value}" if value and not argument.startswith((" ", "#")) else line
        for line in lines
        for argument, _, value in [line.partition(" = ")]
    )
    return f'resource "{kind}" "{name}" {{\n{indented(columns, 1)}}}\n'


def action(name: str, body: str = "") -> str:
    """Return the Terraform resource that starts an action of the workspace."""
    lines = f"  body = {{\n    {body}\n  }}\n" if body else ""
    return (
        f'resource "azapi_resource_action" "{name}" {{\n'
        f'  type        = "{WORKSPACE}@{API}"\n'
        "  resource_id = {{workspace_id}}\n"
        f'  action      = "{name}"\n'
        '  method      = "POST"\n'
        f"{lines}"
        "}"
    )
