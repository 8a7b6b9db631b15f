"""Match the selectors of overrides and waivers with workspaces."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase, translate
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from checks.contract.tables import Tables
from checks.contract.three_valued import items, judged
from checks.frames import pd
from checks.pseudonyms import with_pseudonyms

FACT_COLUMNS = (
    "workspace_id", "workspace", "kind", "subscription_id", "subscription", "management_groups",
    "known_management_groups", "resource_group", "location", "tags",
)  # fmt: skip
"""The facts about a workspace that selectors match: strings, `<NA>` if not known."""

NOWHERE = ""
"""The key, in facts, of resources that belong to no workspace. No selector matches it."""


def _listed(value: object) -> object:
    return value if value is None or isinstance(value, (list, tuple, dict)) else (value,)


def _without_wildcards(value: object) -> object:
    if isinstance(value, str) and set("*?[") & set(value):
        raise ValueError("name a management group by its id, without wildcards; a scan asks Azure for it")
    return value


Glob = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000, pattern=r"\S")]
GroupName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_().-]{1,90}$"), BeforeValidator(_without_wildcards)
]
Globs = Annotated[tuple[Glob, ...], BeforeValidator(_listed), Field(min_length=1)]
GroupNames = Annotated[tuple[GroupName, ...], BeforeValidator(_listed), Field(min_length=1)]


class Selector(BaseModel):
    """Select workspaces. Every key must match; a key matches if one of its globs does.

    A glob may have `*`, `?`, `[abc]` and `[!abc]`. Case does not matter. A value that is not known never matches.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    subscription: Globs | None = Field(None, description="The subscription's id or display name.")
    management_group: GroupNames | None = Field(
        None,
        description="Ids of management groups above the subscription, without wildcards. A scan asks Azure for "
        "each. If it cannot read one, the run is incomplete.",
    )
    resource_group: Globs | None = Field(None, description="The workspace's resource group.")
    tag: dict[Glob, Globs] | None = Field(
        None, min_length=1, description="Tags by name, with globs for their value; all must match."
    )
    kind: Globs | None = Field(None, description="Default, Hub, Project or FeatureStore.")
    location: Globs | None = Field(None, description="The workspace's region, such as westeurope.")
    workspace: Globs | None = Field(None, description="The workspace's name or its full resource id.")

    @model_validator(mode="after")
    def _selects(self) -> Selector:
        empty = sorted(self.model_fields_set - set(self.asks_for))
        if empty or not self.asks_for:
            prefix = f"{', '.join(empty)} is empty; " if empty else ""
            raise ValueError(f"{prefix}a selector needs at least one of {', '.join(Selector.model_fields)}")
        return self

    @property
    def asks_for(self) -> tuple[str, ...]:
        """The keys that are set, in the order of the model."""
        return tuple(name for name in Selector.model_fields if getattr(self, name) is not None)


def workspace_facts(tables: Tables) -> pd.DataFrame:
    """Return `FACT_COLUMNS` of every workspace, on the index of `workspaces`.

    One more row, `NOWHERE`, is all `<NA>`. It is for resources that belong to no workspace.
    """
    workspaces = tables.workspaces
    subscriptions = tables.subscriptions.set_index(tables.subscriptions["subscription_id"].str.lower())
    keys = workspaces["subscription_id"].str.lower().fillna(NOWHERE)
    added = subscriptions[["subscription", "management_groups", "known_management_groups"]]
    joined = added.groupby(level=0).first().reindex(keys)
    facts = workspaces.assign(**{name: joined[name].set_axis(workspaces.index) for name in joined.columns})
    return facts.reindex([*workspaces.index, NOWHERE])[list(FACT_COLUMNS)].astype("string")


def unknown_groups(named: Iterable[str], facts: pd.DataFrame) -> tuple[str, ...]:
    """Return the groups that were not read for every workspace, so that a selector of them may miss one."""
    lists = facts["known_management_groups"].drop(NOWHERE).fillna("").str.lower().unique()
    known = [set(items(value)) for value in lists]
    return tuple(group for group in named if any(group.lower() not in each for each in known))


def matching(selector: Selector, facts: pd.DataFrame) -> pd.Series[bool]:
    """Return for each row of `facts` whether the selector matches. False if a value it needs is not known."""
    found = pd.Series(data=True, index=facts.index, dtype=bool)
    for key in selector.asks_for:
        found &= _MATCHES[key](getattr(selector, key), facts)
    return found


def globbed(column: pd.Series, globs: tuple[str, ...]) -> pd.Series[bool]:
    """Return for each row whether a glob matches the whole value in any case. False for `<NA>`."""
    pattern = re.compile("|".join(translate(glob.lower()) for glob in globs))
    return _match(column, lambda value: pattern.match(value.lower()) is not None)


def _match(column: pd.Series, claim: Callable[[str], bool]) -> pd.Series[bool]:
    return judged(column, claim).fillna(value=False).astype(bool)


def _below(groups: tuple[str, ...], facts: pd.DataFrame) -> pd.Series[bool]:
    wanted = {group.lower() for group in groups}
    return _match(facts["management_groups"], lambda value: not wanted.isdisjoint(items(value.lower())))


def _tagged(wanted: Mapping[str, tuple[str, ...]], facts: pd.DataFrame) -> pd.Series[bool]:
    return _match(facts["tags"], lambda value: _carries(_tags(value), wanted))


def _carries(tags: Mapping[str, str], wanted: Mapping[str, tuple[str, ...]]) -> bool:
    return all(
        name.lower() in tags
        and any(fnmatchcase(tags[name.lower()], with_pseudonyms(glob).lower()) for glob in globs)
        for name, globs in wanted.items()
    )


def _tags(text: str) -> dict[str, str]:
    """Return values by name, both in lower case, without values that are not text."""
    document = json.loads(text)
    return {name.lower(): value.lower() for name, value in document.items() if isinstance(value, str)}


_MATCHES: Mapping[str, Callable[..., pd.Series[bool]]] = {
    "subscription": lambda globs, facts: (
        globbed(facts["subscription_id"], globs) | globbed(facts["subscription"], globs)
    ),
    "management_group": _below,
    "resource_group": lambda globs, facts: globbed(facts["resource_group"], globs),
    "tag": _tagged,
    "kind": lambda globs, facts: globbed(facts["kind"], globs),
    "location": lambda globs, facts: globbed(facts["location"], globs),
    "workspace": lambda globs, facts: (
        globbed(facts["workspace"], globs) | globbed(facts["workspace_id"], globs)
    ),
}
