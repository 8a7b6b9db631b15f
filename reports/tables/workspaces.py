"""The workspaces with names, counts and effective values, and the findings with their workspaces."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from checks.contract.isolation import effective_mode
from checks.contract.tables import Tables


def workspace_table(tables: Tables) -> pd.DataFrame:
    """Return the workspaces as reported, on their index, with added columns.

    Added are `subscription` (its display name), `tenant_id`, `effective_public_network_access`,
    `effective_isolation_mode`, and the counts `outbound_rules`, `user_defined_rules`,
    `private_endpoints` and `approved_private_endpoints`. A count is `<NA>` if not all were read.
    """
    own = tables.workspaces
    effective = tables.effective.workspaces
    rules, connections = tables.outbound_rules, tables.private_endpoint_connections
    user_defined = rules[rules["category"].str.lower().eq("userdefined").fillna(value=False)]
    approved = connections[connections["status"].str.lower().eq("approved").fillna(value=False)]
    rules_known = own["outbound_rules_known"]
    connections_known = own["private_endpoint_connections_known"]
    return own.assign(
        subscription=subscription_names(tables, own["subscription_id"]),
        tenant_id=_of_subscriptions(tables, own["subscription_id"], "tenant_id"),
        effective_public_network_access=effective["public_network_access"],
        effective_isolation_mode=effective_mode(effective),
        outbound_rules=_counted(rules, rules_known),
        user_defined_rules=_counted(user_defined, rules_known),
        private_endpoints=_counted(connections, connections_known),
        approved_private_endpoints=_counted(approved, connections_known),
    )


def workspace_name(workspaces: pd.DataFrame) -> Callable[[str], str]:
    """Return a function from a workspace's id, in any case, to its name; for an unknown id its last segment."""
    names = dict(zip(workspaces.index, workspaces["workspace"].fillna(""), strict=True))
    return lambda id: names.get(id.lower()) or id.rpartition("/")[2]


def subscription_names(tables: Tables, subscription_ids: pd.Series[str]) -> pd.Series[str]:
    """Return the display name of each subscription id, on the ids' index; `<NA>` if none was read."""
    return _of_subscriptions(tables, subscription_ids, "subscription")


def _of_subscriptions(tables: Tables, subscription_ids: pd.Series[str], column: str) -> pd.Series[str]:
    """Return a column of `subscriptions` for each subscription id, on the ids' index."""
    subscriptions = tables.subscriptions
    named = subscriptions.dropna(subset=["subscription_id"])
    names = named.set_axis(named["subscription_id"].str.lower(), axis="index")[column]
    names = names[~names.index.duplicated()]
    return names.reindex(subscription_ids.str.lower().fillna("")).set_axis(subscription_ids.index)


def with_workspaces(findings: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return the findings with name, subscription, group and region of their workspace.

    The added columns are categorical, and `<NA>` if the workspace was not read.
    """
    known = ["workspace", "subscription_id", "resource_group", "location"]
    facts = tables.workspaces[known]
    facts = facts.assign(subscription=subscription_names(tables, facts["subscription_id"]))
    owners = findings["workspace_id"]
    if not isinstance(owners.dtype, pd.CategoricalDtype):
        owners = owners.astype("category")
    ids = pd.Series(owners.cat.categories, dtype="string").str.lower()
    of_id = facts.reindex(pd.Index([*ids, ""]))
    return findings.assign(**{name: _spread(of_id[name], owners) for name in facts.columns})


def _spread(values: pd.Series, owners: pd.Series) -> pd.Categorical:
    """Return the value of each row's owner. `values` has one for each category and a last one for no owner."""
    places, different = pd.factorize(values)
    return pd.Categorical.from_codes(places[owners.cat.codes.to_numpy()], categories=different)


def _counted(rows: pd.DataFrame, known: pd.Series[bool]) -> pd.Series[int]:
    counts = rows["workspace_id"].str.lower().value_counts()
    counted = pd.Series(counts.reindex(known.index), dtype="Int64").fillna(0)
    return counted.where(known.fillna(value=False).astype(bool))
