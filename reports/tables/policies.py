"""The scores of all policies as reports show them: ids as Azure spelled them, names, one decimal."""

from __future__ import annotations

import pandas as pd

from checks.contract.tables import Tables
from checks.policy.judge import PolicyVerdict
from checks.policy.score import no_scores
from reports.audit import Audit
from reports.tables.workspaces import subscription_names

_ALL_BUT_ALL = 99.9
"""What is shown of a score that would round to 100.0 although not everything passes."""


def all_scores(audit: Audit) -> pd.DataFrame:
    """The `scores` of every policy in one frame, with `name`; sorted by policy, scope and id.

    `name` is a workspace's name or a subscription's display name; `<NA>` where none was read.
    """
    frames = [no_scores(), *(verdict.scores for verdict in audit.verdicts)]
    found = pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)
    found = found.assign(key=found["id"].str.lower()).sort_values(["policy", "scope", "key"])
    found = found.reset_index(drop=True)
    spelled = _spelled(audit.tables).reindex(found["key"]).set_axis(found.index)
    return found.assign(id=spelled["id"].fillna(found["id"]), name=spelled["name"]).drop(columns="key")


def _spelled(tables: Tables) -> pd.DataFrame:
    """By lower-cased id, the `id` and `name` of every workspace and subscription that was seen."""
    seen, own = tables.workspaces, tables.subscriptions
    workspaces = pd.DataFrame({"id": seen["workspace_id"], "name": seen["workspace"]})
    ids = pd.concat([own["subscription_id"], seen["subscription_id"].sort_values()]).dropna()
    ids = ids.reset_index(drop=True)
    names = subscription_names(tables, ids)
    subscriptions = pd.DataFrame({"id": ids, "name": names}).set_axis(ids.str.lower(), axis="index")
    both = pd.concat([workspaces, subscriptions]).astype("string")
    return both[~both.index.duplicated()]


def score_texts(scores: pd.Series) -> pd.Series[str]:
    """With one decimal, `<NA>` for no score; 100.0 means that everything that counts passes."""
    rounded = scores.round(1)
    shown = rounded.mask((scores.lt(100) & rounded.ge(100)).fillna(value=False), _ALL_BUT_ALL)
    return shown.map("{:.1f}".format, na_action="ignore").astype("string")


def score_text(score: float | None) -> str:
    """One score like `score_texts`; "" for none."""
    return "" if score is None else str(score_texts(pd.Series([score], dtype="Float64")).iloc[0])


def texts_by_id(verdict: PolicyVerdict, scope: str) -> dict[str, str]:
    """Lower-cased id to score, of one policy's subscriptions or workspaces; "" for no score."""
    found = verdict.scores[verdict.scores["scope"].eq(scope)]
    return dict(zip(found["id"].str.lower(), score_texts(found["score"]).fillna(""), strict=True))
