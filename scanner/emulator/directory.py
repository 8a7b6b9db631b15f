"""A tenant's documents, findable by path as ARM finds them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from scanner.emulator.actions import action_of, holds
from scanner.emulator.envelopes import (
    LOCATIONS,
    ArmError,
    authorization_failed,
    group_not_found,
    not_found,
    subscription_not_found,
)
from scanner.emulator.routes import ROLES, Target, target_of
from scanner.emulator.tenants.tenant import Graph, Resource, Tenant
from scanner.emulator.versions import WORKSPACES, Document, shown, without

_ASSIGNMENTS = "/providers/microsoft.authorization/roleassignments/"
_RULES = ("properties", "managedNetwork", "outboundRules")


class Directory:
    """Finds single documents and lists; everything is looked up by lower-cased path."""

    def __init__(self, tenant: Tenant) -> None:
        """Indexes the tenant. Raises ValueError where two resources share an id."""
        self._tenant = tenant
        self._items: dict[str, Resource] = {}
        self._lists: dict[str, list[Resource]] = {}
        self._subscriptions = {str(item["id"]).lower(): item for item in tenant.subscriptions}
        self._groups: set[str] = set()
        self._assignments: list[tuple[str, Resource]] = []
        self._versions = {name.lower(): offer for name, offer in tenant.api_versions.items()}
        for resource in tenant.resources:
            self._add(resource)

    def has(self, subscription: str | None) -> bool:
        """Return whether the tenant's identity sees this subscription, given by its lower-cased id."""
        return f"/subscriptions/{subscription}" in self._subscriptions

    def versions(self, target: Target) -> tuple[str, ...]:
        """The api-versions offered for what the path asks for; empty where ARM has no such type."""
        return self._versions.get(target.resource_type, ()) if target.route else ()

    def allows(self, target: Target) -> bool:
        """Return whether the client may read what the path asks for; the list of subscriptions is open to all."""
        return target.route == "subscriptions" or self._holds(target)

    def _holds(self, target: Target) -> bool:
        actions = self._tenant.allowed_actions
        return actions is None or holds(actions, action_of(target))

    def document(self, target: Target, version: str) -> Document | ArmError:
        """The single document at that path as this api-version shows it, or why there is none."""
        if target.route == "subscription":
            return self._subscriptions.get(target.path) or subscription_not_found(target)
        if target.route == "provider":
            return self._provider(target)
        if target.path in self._items:
            return self._shown(self._items[target.path].body, target, version)
        inside = self._inside_workspace(target)
        return next((item for item in inside if str(item["id"]).lower() == target.path), None) or (
            self._missing_scope(target) or not_found(target)
        )

    def documents(self, target: Target) -> Sequence[Any] | ArmError:
        """Everything in the list at that path, not yet pruned, or why there is no such list."""
        if target.route == "subscriptions":
            return self._tenant.subscriptions if self._holds(target) else ()
        if target.route == "descendants":
            return self._descendants(target)
        missing = self._missing_scope(target)
        if missing:
            return missing
        return self._inside_workspace(target) or [
            resource.body if resource.listed is None else resource.listed
            for resource in self._lists.get(target.path, ())
            if resource.in_lists
        ]

    def assigned(self, target: Target, principal: str) -> Sequence[Document] | ArmError:
        """The role assignments of an identity at a resource and above it, whether or not the resource exists."""
        if f"/subscriptions/{target.subscription}" not in self._subscriptions:
            return subscription_not_found(target)
        return [
            each.body
            for place, each in self._assignments
            if f"{target.scope}/".startswith(f"{place}/")
            and each.body["properties"]["principalId"] == principal
        ]

    def listed(self, documents: Iterable[Document], target: Target, version: str) -> list[Document]:
        """The documents as items of a list at this api-version."""
        items = [self._shown(document, target, version) for document in documents]
        if target.route == "workspaces" and not self._tenant.list_rules:
            return [without(item, _RULES) for item in items]
        return items

    def _shown(self, document: Document, target: Target, version: str) -> Document:
        document = shown(document, target.resource_type, version)
        if (
            self._tenant.stable_shows_addresses
            or "preview" in version
            or target.resource_type != WORKSPACES.lower()
        ):
            return document
        for member in ("networkAcls", "ipAllowlist"):
            document = without(document, ("properties", member))
        return document

    @property
    def has_empty_pages(self) -> bool:
        """Return whether a page without items comes before every page of a list of dependencies."""
        return self._tenant.empty_pages

    @property
    def graph(self) -> Graph:
        """Resource Graph's view of the tenant."""
        return self._tenant.graph

    @property
    def may_query(self) -> bool:
        """Return whether Resource Graph answers the client at all: it may read something there."""
        actions = self._tenant.allowed_actions
        return self.graph.is_allowed and (actions is None or bool(actions))

    def in_graph(self, subscriptions: Collection[str]) -> list[Document]:
        """The workspaces Resource Graph shows in these subscriptions, as rows in order of their ids.

        The list leaves out, without a note, workspaces that the client may not read.
        """
        graph, actions = self.graph, self._tenant.allowed_actions
        if actions is not None and not holds(actions, f"{WORKSPACES}/read"):
            return []
        held = [item.body for item in self._items.values() if _is_workspace(item)]
        rows = [*held, *({"id": ghost, "kind": "Default"} for ghost in graph.ghosts)]
        found = (
            {
                "id": row["id"],
                "kind": row.get("kind"),
                "location": row.get("location"),
                "subscriptionId": str(row["id"]).split("/")[2],
            }
            for row in rows
        )
        return sorted(
            (
                row
                for row in found
                if row["subscriptionId"].lower() in subscriptions
                and not graph.hidden & {row["id"].lower(), f"/subscriptions/{row['subscriptionId'].lower()}"}
            ),
            key=lambda row: str(row["id"]),
        )

    def _add(self, resource: Resource) -> None:
        target = target_of(resource.id)
        if target.path in self._items:
            raise ValueError(f"the tenant {self._tenant.name} holds {resource.id} twice")
        self._items[target.path] = resource
        if target.route == ROLES:
            self._assignments.append((target.path.rpartition(_ASSIGNMENTS)[0], resource))
        self._lists.setdefault(target.path.rpartition("/")[0], []).append(resource)
        segments = target.path.split("/")
        if len(segments) == 9:
            everywhere = "/".join([*segments[:3], *segments[5:8]])
            self._lists.setdefault(everywhere, []).append(resource)
            self._groups.add("/".join(segments[:5]))

    def _inside_workspace(self, target: Target) -> list[Document]:
        workspace = self._items.get(target.scope)
        if workspace is None:
            return []
        if target.route == "outboundRules":
            return [_rule(workspace, name, rule) for name, rule in _rules(workspace).items()]
        if target.route == "privateEndpointConnections":
            return list(workspace.body["properties"].get("privateEndpointConnections", ()))
        return []

    def _missing_scope(self, target: Target) -> ArmError | None:
        if f"/subscriptions/{target.subscription}" not in self._subscriptions:
            return subscription_not_found(target)
        if target.scope in self._items or target.scope in self._subscriptions or target.scope in self._groups:
            return None
        segments = target.scope.split("/")
        return group_not_found(target) if len(segments) == 5 else not_found(target_of(target.scope))

    def _descendants(self, target: Target) -> Sequence[Document] | ArmError:
        groups = {name.lower(): items for name, items in self._tenant.management_groups.items()}
        found = groups.get(target.scope)
        return authorization_failed(target) if found is None else found

    def _provider(self, target: Target) -> Document | ArmError:
        namespace = target.path.rpartition("/")[2]
        types = {
            name: offer
            for name, offer in self._tenant.api_versions.items()
            if name.lower().startswith(f"{namespace}/")
        }
        if target.scope not in self._subscriptions:
            return subscription_not_found(target)
        state = self._state(target.subscription, namespace)
        return _provider(target, types, state) if types else not_found(target)

    def _state(self, subscription: str | None, namespace: str) -> str | None:
        """Return the state of a provider in the subscription, None if Azure leaves it out."""
        tenant, key = self._tenant, subscription or ""
        usual = "NotRegistered" if key in tenant.unregistered else "Registered"
        state = tenant.registration_states.get(key, usual)
        return tenant.registration_states.get(f"{key}/{namespace}", state)


def _is_workspace(resource: Resource) -> bool:
    return target_of(resource.id).route == "workspace"


def _rules(workspace: Resource) -> dict[str, Document]:
    if workspace.rules is not None:
        return dict(workspace.rules)
    network = workspace.body["properties"].get("managedNetwork") or {}
    return network.get("outboundRules") or {}


def _rule(workspace: Resource, name: str, rule: Document) -> Document:
    return {
        "id": f"{workspace.id}/outboundRules/{name}",
        "name": name,
        "type": "Microsoft.MachineLearningServices/workspaces/outboundRules",
        "properties": rule,
    }


def _provider(target: Target, types: dict[str, tuple[str, ...]], state: str | None) -> Document:
    namespace = next(iter(types)).partition("/")[0]
    return {
        "id": f"{target.spelled[: len(target.scope)]}/providers/{namespace}",
        "namespace": namespace,
        "registrationPolicy": "RegistrationRequired",
        **({} if state is None else {"registrationState": state}),
        "resourceTypes": [
            {
                "resourceType": name.partition("/")[2],
                "locations": list(LOCATIONS),
                "apiVersions": list(offer),
                "defaultApiVersion": offer[0] if offer else None,
                "capabilities": "None",
            }
            for name, offer in types.items()
        ],
    }
