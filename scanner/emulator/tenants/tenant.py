"""The content of an emulated tenant: plain values, independent of how they are served."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from scanner.emulator.faults import Fault
from scanner.emulator.versions import Document, offered

__all__ = ["Document", "Graph", "Resource", "Tenant"]


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource as the newest api-version shows it.

    `listed` is the body in LIST if it differs from GET's; a resource that is not `in_lists` is on no page.
    `rules` is the answer of a workspace's outboundRules call, by name, if it differs from the map in the body.
    `teaches` is one line about the purpose of a demo workspace; the emulator never sends it.
    """

    body: Document
    listed: Document | None = None
    in_lists: bool = True
    rules: Mapping[str, Document] | None = None
    teaches: str = ""

    @property
    def id(self) -> str:
        """The resource id as Azure would spell it."""
        return str(self.body["id"])


@dataclass(frozen=True, kw_only=True)
class Graph:
    """Resource Graph's view of a tenant.

    `hidden` are lower-cased ids of workspaces, or of subscriptions as "/subscriptions/…", that it does not
    show: because it lags, or because the client may not read them. `ghosts` are ids of workspaces it still
    shows. Its user has `queries` in each `window` of seconds. After `cut_after` rows a result is cut off with
    no way on, as Azure does where a query is not one that can be paged. It counts `miscounted` rows too many.
    One not `is_allowed` refuses.
    """

    is_allowed: bool = True
    hidden: frozenset[str] = frozenset()
    ghosts: tuple[str, ...] = ()
    cut_after: int | None = None
    miscounted: int = 0
    queries: int = 15
    window: float = 5.0


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """Everything one emulator serves.

    `subscriptions` are the items of the subscriptions list, `resources` all other documents in the
    order LIST shows them; outbound rules and private endpoint connections live in their workspace's
    body. `management_groups` maps a group's name to its descendants, `api_versions` a resource type to
    what it offers. With `list_rules` off, LIST leaves the outbound rules out of managed networks. With
    `stable_shows_addresses` off, stable versions leave the address rules of workspaces out, as the contract does.
    `expected_violations` are lower-cased ids of workspaces that violate NET006, for generated tenants.
    `allowed_actions` are those of the one role that the emulator's client holds everywhere; None is all.
    `registration_states` maps a subscription's id to the state of its providers, and `id/namespace` in lower case to
    that of one provider; None leaves the state out.
    With `empty_pages`, a page without items comes before every page of a list of dependencies, as vaults have them.
    Tokens are valid for `token_seconds`. With None they never expire, although the answer names an hour.
    """

    name: str
    tenant_id: str
    subscriptions: tuple[Document, ...]
    resources: tuple[Resource, ...]
    management_groups: Mapping[str, tuple[Document, ...]] = field(default_factory=dict)
    api_versions: Mapping[str, tuple[str, ...]] = field(default_factory=offered)
    default_faults: tuple[Fault, ...] = ()
    unregistered: frozenset[str] = frozenset()
    registration_states: Mapping[str, str | None] = field(default_factory=dict)
    list_rules: bool = True
    stable_shows_addresses: bool = True
    expected_violations: frozenset[str] = frozenset()
    allowed_actions: frozenset[str] | None = None
    empty_pages: bool = False
    token_seconds: int | None = None
    graph: Graph = field(default_factory=Graph)

    def offering(self, *machine_learning: str) -> Tenant:
        """Return the same tenant with only these api-versions of Machine Learning."""
        return replace(self, api_versions=offered(machine_learning))

    @property
    def lessons(self) -> Mapping[str, str]:
        """Return the `teaches` line of each workspace that has one, by its id."""
        return {resource.id: resource.teaches for resource in self.resources if resource.teaches}
