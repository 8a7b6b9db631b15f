"""The scope that the user asks for: what to read, and what to leave out on purpose."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The subscriptions and workspaces that the user wants. Empty means all.

    `subscriptions` and `excluded` are ids or exact names. `excluded_states` are states of subscriptions, and
    `excluded_quota_ids` globs on the quotaId of their offer. A workspace is wanted if a glob of `resource_groups`
    matches its resource group, and if it has every tag of `tags` with a value that one of the globs matches.
    `known_groups` are management groups whose subscriptions a policy needs to know. They do not limit the scan.
    `tenants` are signed in to, each on its own; empty for the tenant of the credential. `file` is the text of the
    scope file, None if options name the scope. `addresses` are the e-mail addresses that the rules named before they
    became pseudonyms.
    """

    subscriptions: Sequence[str] = ()
    excluded: Sequence[str] = ()
    management_groups: Sequence[str] = ()
    known_groups: Sequence[str] = ()
    excluded_management_groups: Sequence[str] = ()
    excluded_states: Sequence[str] = ()
    excluded_quota_ids: Sequence[str] = ()
    resource_groups: Sequence[str] = ()
    tags: Mapping[str, Sequence[str]] = field(default_factory=dict)
    tenants: Sequence[str] = ()
    file: str | None = None
    addresses: frozenset[str] = field(default=frozenset(), repr=False, compare=False)

    @property
    def limits_subscriptions(self) -> bool:
        """Return whether only named subscriptions, or those below named management groups, are wanted."""
        return bool(self.subscriptions or self.management_groups)

    @property
    def limits_workspaces(self) -> bool:
        """Return whether a rule leaves out workspaces of a subscription that is read."""
        return bool(self.resource_groups or self.tags)

    @property
    def rules(self) -> Mapping[str, object]:
        """Every rule, sorted, in lower case where case does not matter: equal for two scopes that ask for the same."""
        return {
            "tenants": _lowered(self.tenants),
            "subscriptions": sorted({*self.subscriptions}),
            "excluded": sorted({*self.excluded}),
            "management_groups": _lowered(self.management_groups),
            "excluded_management_groups": _lowered(self.excluded_management_groups),
            "excluded_states": _lowered(self.excluded_states),
            "excluded_quota_ids": _lowered(self.excluded_quota_ids),
            "resource_groups": _lowered(self.resource_groups),
            "tags": {name.lower(): _lowered(globs) for name, globs in self.tags.items()},
        }

    @property
    def digest(self) -> str:
        """The digest of every rule."""
        return sha256(json.dumps(self.rules, sort_keys=True).encode()).hexdigest()


def _lowered(words: Iterable[str]) -> list[str]:
    return sorted({word.lower() for word in words})
