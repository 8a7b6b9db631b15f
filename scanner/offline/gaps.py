"""Lists what an export does not show, as gaps that name its format. `source` calls it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from checks.counting import counted
from scanner.offline.formats import Format, ParsedFile
from scanner.offline.items import Item
from scanner.offline.merging import Key, MergedItem
from scanner.payloads import json_members
from scanner.payloads.answers import (
    NETWORK_PROVIDER,
    PERIMETERS,
    PRIVATE_ENDPOINTS,
    ROLE_ASSIGNMENTS,
    VIRTUAL_NETWORKS,
)
from scanner.payloads.payload import Gap
from scanner.tables.associated import ASSOCIATED, TYPES, are_all_answered, is_project
from scanner.tables.children import OF_KIND
from scanner.tables.networks import PlacedEndpoint, approved_endpoints, network_of, subnet_of
from scanner.tables.role_assignments import principal_of
from scanner.tables.workspaces import workspace_row

_OF_ML_WORKSPACES = (
    "private endpoint connections, the action of service-tag rules, why a rule failed, or whether the workspace "
    "has a customer-managed key or a registry that it does not print"
)
_OF_ML_RULES = "the action of service-tag rules or why a rule failed"
_OF_COMPUTES = (
    "whether a compute is attached or takes local authentication, that a cluster's remote login is closed, or a "
    "subnet or public address that it does not print"
)
_OF_ENDPOINTS = "what it does not print, such as the network access of batch and Kubernetes endpoints"
_OF_ARM = "the api-version of the answer"

HIDDEN: Mapping[Format, str] = {
    Format.ML_WORKSPACES: _OF_ML_WORKSPACES,
    Format.ML_WORKSPACE: _OF_ML_WORKSPACES,
    Format.ML_RULES: _OF_ML_RULES,
    Format.ML_RULE: _OF_ML_RULES,
    Format.ML_COMPUTES: _OF_COMPUTES,
    Format.ML_ONLINE_ENDPOINTS: _OF_ENDPOINTS,
    Format.ML_BATCH_ENDPOINTS: _OF_ENDPOINTS,
    Format.ML_DEPLOYMENTS: "the egress of deployments on Kubernetes",
    Format.RESOURCES: "any property of a resource (az resource show does, one id at a time)",
    Format.NETWORK: "the api-version of the answer",
    Format.PROVIDER: "the api-version of the answer",
    Format.ROLES: "whether an identity has other roles, or is in a group that has one",
    Format.GRAPH: "the age or the api-version of its rows",
    Format.POWERSHELL: "the api-version, or what ConvertTo-Json cut off below its -Depth",
    Format.ANSIBLE: "the api-version, or whether a list has more pages",
    Format.RULE_MAP: "whether it has every rule, or why a rule failed",
    **dict.fromkeys((Format.RESOURCE, Format.ARM_LIST, Format.ARM_GET, Format.ARM_ITEMS), _OF_ARM),
}
"""The kinds that no file of a format shows."""

_CLOSES: Mapping[str, str] = {
    ASSOCIATED: "Add az resource show of each storage account, vault, registry and component.",
    PERIMETERS: "Add az rest of each storage account's and vault's networkSecurityPerimeterConfigurations.",
    PRIVATE_ENDPOINTS: "Add az network private-endpoint show of each private endpoint of the workspaces.",
    VIRTUAL_NETWORKS: "Add az network vnet show of each virtual network around a private endpoint of the workspaces.",
    NETWORK_PROVIDER: "Add az provider show --namespace Microsoft.Network of each subscription.",
    ROLE_ASSIGNMENTS: "Add az role assignment list --assignee ID --scope TARGET --include-inherited of each identity. "
    "An export proves no absence: audit the subscription itself: azml-audit scan.",
}
"""The files that close the gap of a kind that is no list below a workspace."""

_LIVE = "Audit the subscription itself: azml-audit scan."


def gaps_of(
    files: Collection[ParsedFile],
    merged: Mapping[Key, MergedItem],
    whole: Collection[Key],
    wanted: Collection[str],
) -> list[Gap]:
    """Return every gap of an export.

    `whole` are the complete lists, by kind and lower-cased workspace id. `wanted` are the kinds that the
    chosen checks read.
    """
    return [
        *_of_subscriptions(merged),
        *_of_formats(files),
        *_of_pages(files),
        *_of_lists(merged, whole, wanted),
        *_of_parts(merged, whole),
    ]


def _of_subscriptions(merged: Mapping[Key, MergedItem]) -> Iterable[Gap]:
    """An export never proves that it contains every workspace of a subscription."""
    listed = {key.rpartition("/")[2] for kind, key in merged if kind == "subscriptions"}
    formats: dict[str, set[str]] = {}
    scopes: dict[str, str] = {}
    for (kind, _), each in merged.items():
        if kind == "workspaces":
            scope = scopes.setdefault(each.item.scope.lower(), each.item.scope)
            formats.setdefault(scope, set()).update(file.format.value for file in each.files)
    for _, scope in sorted(scopes.items()):
        subscription_id = json_members.last_part(scope)
        yield _gap(
            scope=scope,
            subscription_id=subscription_id,
            asked="workspaces" if subscription_id.lower() in listed else "subscription",
            message=f"{_and(formats[scope])} does not show whether the subscription has other workspaces.",
            closes=_LIVE,
        )


def _of_formats(files: Collection[ParsedFile]) -> Iterable[Gap]:
    for format_, count in sorted(Counter(each.format for each in files).items()):
        if format_ in HIDDEN:
            message = f"{format_.value} ({counted(count, 'file')}) does not show {HIDDEN[format_]}."
            yield _gap(scope=format_.value, asked="export", message=message, closes=_LIVE)


def _of_pages(files: Collection[ParsedFile]) -> Iterable[Gap]:
    for each in files:
        name = each.file.place
        if each.continues:
            kinds = sorted({(item.kind, item.scope) for item in each.items}) or [("export", name)]
            for kind, scope in kinds:
                message = (
                    f"{each.file.name} is one page of a list ({each.format.value}); other pages follow it."
                )
                yield _gap(scope=scope, asked=kind, message=message, closes="Export every page.", where=name)
        elif each.format is Format.EMPTY and not each.empty_of:
            message = (
                f"{each.file.name} is an empty list. It does not show what it lists, or of which workspace."
            )
            closes = "Name it WORKSPACE.KIND.json, such as ws1.outbound-rules.json, or remove it."
            yield _gap(scope=name, asked="export", message=message, closes=closes, where=name)


def _of_lists(
    merged: Mapping[Key, MergedItem], whole: Collection[Key], wanted: Collection[str]
) -> Iterable[Gap]:
    """One gap for each kind that a format leaves out, for all its workspaces together."""
    listed = {*whole, *((each.item.kind, each.item.scope.lower()) for each in merged.values())}
    assigned = {
        principal_of(each.item.document) for (kind, _), each in merged.items() if kind == ROLE_ASSIGNMENTS
    }
    missing: Counter[tuple[str, str]] = Counter()
    for (kind, key), each in merged.items():
        if kind == "workspaces":
            row = workspace_row(each.item.document, "")
            formats = _and({file.format.value for file in each.files})
            kinds = [] if is_project(row) else [each for each in wanted if (each, key) not in listed]
            if (row["identity_principal_id"] or "none").lower() in assigned:
                kinds = [each for each in kinds if each != ROLE_ASSIGNMENTS]
            endpoints = _networks(each.item.document, merged)
            missing.update(
                (kind, formats)
                for kind in kinds
                if not (_is_around(kind, each.item, endpoints, listed) or _is_in_row(kind, row, listed))
            )
    for (kind, formats), count in sorted(missing.items()):
        message = f"{formats} does not show {kind} of {counted(count, 'workspace')}, and no other file does."
        closes = _CLOSES.get(
            kind, f"Add the LIST body of {kind} (az rest), or audit the subscription itself: azml-audit scan."
        )
        yield _gap(scope=formats, asked="export", message=message, closes=closes, code=f"NotInExport.{kind}")


def _is_in_row(kind: str, row: Mapping[str, Any], listed: Collection[Key]) -> bool:
    """Return whether nothing of this kind is missing of a workspace, by its own row and what the files list."""
    if kind == ASSOCIATED:
        return are_all_answered(row, {scope for of, scope in listed if of == ASSOCIATED})
    if kind == PERIMETERS:
        ids = {json_members.key(row[each.column]) for each in TYPES if each.perimeters and row[each.column]}
        return ids <= {scope for of, scope in listed if of == PERIMETERS}
    if kind in ("outboundRules", ROLE_ASSIGNMENTS):
        return (row["isolation_mode"] or "").lower() == "disabled"
    return kind == "privateEndpointConnections" and bool(row["private_endpoint_connections_known"])


def _networks(
    workspace: json_members.Object, merged: Mapping[Key, MergedItem]
) -> list[tuple[PlacedEndpoint, str | None]]:
    """Return the approved private endpoints in a workspace's body, and the subnet of each if an item names it."""
    connections = json_members.member(workspace, "properties", "privateEndpointConnections")
    found = []
    for endpoint in approved_endpoints(connections):
        shown = merged.get((PRIVATE_ENDPOINTS, json_members.key(endpoint.id)))
        found.append((endpoint, endpoint.subnet_id or (subnet_of(shown.item.document) if shown else None)))
    return found


def _is_around(
    kind: str,
    workspace: Item,
    endpoints: Iterable[tuple[PlacedEndpoint, str | None]],
    listed: Collection[Key],
) -> bool:
    """Return whether nothing of this kind is missing of the networks and the subscription around a workspace."""
    if kind == NETWORK_PROVIDER:
        return (kind, workspace.scope.lower()) in listed
    if kind == PRIVATE_ENDPOINTS:
        return all(subnet for _, subnet in endpoints)
    if kind == VIRTUAL_NETWORKS:
        networks = [network_of(subnet) for _, subnet in endpoints]
        return all(network and (kind, json_members.key(network)) in listed for network in networks)
    return False


def _of_parts(merged: Mapping[Key, MergedItem], whole: Collection[Key]) -> Iterable[Gap]:
    """A gap for every list of which an export has some items, and perhaps not all."""
    parts: dict[Key, ParsedFile] = {}
    for each in merged.values():
        kind, scope = each.item.kind, each.item.scope
        if kind in OF_KIND and (kind, scope.lower()) not in whole:
            parts.setdefault((kind, scope), each.files[0])
    for (kind, scope), file in sorted(parts.items(), key=lambda part: part[0]):
        message = f"{file.format.value} does not show whether the workspace has other {kind}."
        closes = f"Add the LIST body of {kind} (az rest)."
        yield _gap(scope=scope, asked=kind, message=message, closes=closes, where=f"file:{file.file.name}")


def _and(names: Iterable[str]) -> str:
    return " and ".join(sorted(names))


def _gap(
    *,
    scope: str,
    asked: str,
    message: str,
    closes: str,
    subscription_id: str | None = None,
    where: str = "the export",
    code: str = "NotInExport",
) -> Gap:
    return Gap(
        scope=scope,
        subscription_id=subscription_id or json_members.subscription_of(scope),
        asked=asked,
        request=f"read {where}",
        code=code,
        message=message,
        closes=closes,
    )
