"""Read what other tools write around Azure's resources, or refuse it by name with the command that exports them.

`formats.parse` calls it first. Read are `Get-AzResource -ExpandProperties`, `Get-AzMLWorkspace`, `Search-AzGraph`
and `Invoke-AzRestMethod` of PowerShell, the results of `azure_rm_resource_info` of Ansible, and a bare map of
outbound rules by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from scanner.offline import az_ml
from scanner.payloads.json_members import Object, member

_WORKSPACES = "az ml workspace list -o json > workspaces.json"
_RESOURCE = "az resource show --ids ID -o json > resource.json"
_MADE_OF = frozenset({"Id", "ResourceId"})
_MOST_RESULTS = 10_000

_FLAT_COMMANDS: Mapping[str, str] = {
    "microsoft.storage/storageaccounts": "az storage account",
    "microsoft.keyvault/vaults": "az keyvault",
    "microsoft.containerregistry/registries": "az acr",
    "microsoft.insights/components": "az monitor app-insights component",
}
"""Commands whose output renames members of the resource, by lower-cased type."""

_ENVELOPE = frozenset(
    {
        "id",
        "name",
        "type",
        "location",
        "kind",
        "tags",
        "identity",
        "sku",
        "systemData",
        "resourceGroup",
        "etag",
    }
)


def refusal(document: Any) -> str:
    """Return what a document is that no audit can use, with the command that exports the right thing, or ""."""
    rows = document if isinstance(document, list) else [document]
    first = rows[0] if rows and isinstance(rows[0], dict) else {}
    for fits, words in _REFUSED:
        if fits(first):
            return words
    command = _FLAT_COMMANDS.get(str(first.get("type", "")).lower())
    if command and "id" in first and "properties" not in first:
        return f"the output of {command}, which renames members of the resource. Export it with: {_RESOURCE}"
    return ""


_REFUSED: tuple[tuple[Callable[[Object], bool], str], ...] = (
    (
        lambda row: (
            "deploymenttemplate.json" in str(row.get("$schema", "")).lower()
            or {"contentVersion", "resources"} <= row.keys()
            or ({"type", "apiVersion"} <= row.keys() and "id" not in row)
        ),
        "an ARM template, which shows what is deployed with it and not what Azure has. "
        f"Export what Azure has with: {_WORKSPACES}",
    ),
    (
        lambda row: "contentVersion" in row,
        f"the parameters of an ARM template. Export what Azure has with: {_WORKSPACES}",
    ),
    (
        lambda row: {"state", "tenantId", "isDefault"} <= row.keys(),
        "the output of az account list. Export the subscriptions with: "
        "az rest --url /subscriptions?api-version=2022-12-01 > subscriptions.json",
    ),
    (
        lambda row: "changed" in row and row.get("failed") is True,
        "the result of an Ansible task that failed. Run the task again, and save what it registers.",
    ),
    (
        lambda row: "terraform_version" in row,
        "a state or plan of Terraform, whose provider renames members of the resource. "
        f"Export what Azure has with: {_WORKSPACES}",
    ),
    (
        lambda row: "plays" in row and "stats" in row,
        "the log of an Ansible playbook. Save the registered result of azure_rm_resource_info with "
        "copy: content={{ result | to_json }}",
    ),
    (
        lambda row: {"policyDefinitionId", "complianceState"} <= row.keys(),
        f"the compliance states of Azure Policy, not resources. Export the resources with: {_WORKSPACES}",
    ),
)


def results(document: Any) -> list[Any] | None:
    """Return the resources in a result of Ansible, or None if the document is something else."""
    if not isinstance(document, dict) or "id" in document:
        return None
    if isinstance(document.get("response"), list) and "changed" in document:
        return list(document["response"])
    if isinstance(document.get("results"), list) and "changed" in document:
        found = [results(each) for each in document["results"][:_MOST_RESULTS]]
        return [row for rows in found for row in rows or ()]
    return None


def rule_map(document: Any) -> list[Object] | None:
    """Return the rules of a map of outbound rules by name, alone or in its managed network, or None."""
    if not isinstance(document, dict) or "id" in document:
        return None
    network = document.get("managedNetwork", document)
    rules = member(network, "outboundRules") or document
    if not rules or not isinstance(rules, dict):
        return None
    if not all(isinstance(each, dict) and az_ml.is_rule({"name": "", **each}) for each in rules.values()):
        return None
    return [{**rule, "name": name} for name, rule in rules.items()]


def powershell(rows: Iterable[Any]) -> list[Object] | None:
    """Return rows in PascalCase with Azure's names for the outer members, or None if one is something else."""
    found = list(rows)
    if not found or not all(isinstance(row, dict) and _is_pascal(row) for row in found):
        return None
    return [_renamed(row) for row in found]


def _is_pascal(row: Object) -> bool:
    return "id" not in row and not _MADE_OF.isdisjoint(row)


def _renamed(row: Object) -> Object:
    """Return the row with `id`, and with its other members beginning in lower case.

    `Get-AzResource` has the type in ResourceType and the id of the resource in ResourceId.
    """
    named = {
        name[:1].lower() + name[1:]: value for name, value in row.items() if name not in ("Id", "ResourceId")
    }
    if "resourceType" in named:
        named["type"] = named.pop("resourceType")
    if "properties" in named:
        named.pop("resourceGroup", None)
    return {"id": row.get("ResourceId") or row.get("Id"), **named}


def unflattened(row: Object) -> Object:
    """Return a resource with its members below `properties`, if a command printed them beside its id."""
    if "properties" in row:
        return row
    inner = {name: value for name, value in row.items() if name not in _ENVELOPE}
    outer = {name: value for name, value in row.items() if name in _ENVELOPE}
    return outer | {"properties": inner} if inner else row
