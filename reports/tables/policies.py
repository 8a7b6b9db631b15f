"""The tables of policies, waivers and scores, and scores as text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

import pandas as pd

from checks.contract.tables import Tables
from checks.policy.judge import PolicyVerdict
from checks.policy.score import no_scores
from checks.policy.waivers import AppliedWaiver
from reports.audit import Audit
from reports.origin import moment
from reports.tables.columns import POLICIES, WAIVERS, ReportFile
from reports.tables.workspaces import subscription_names

_BELOW_ALL = 99.9
"""The text for a score that would round to 100.0 although not everything passes."""


def policy_table(audit: Audit) -> pd.DataFrame:
    """Return a row for each policy, with the columns of `policies.csv`."""
    of_the_audit = {
        "tool_version": audit.tool_version,
        "source": audit.source,
        "is_azure": audit.is_azure,
        "started_at": moment(audit.started_at),
        "finished_at": moment(audit.finished_at),
        "root_digest": audit.root_digest or None,
    }
    rows = [
        {
            "policy": verdict.policy,
            "verdict": verdict.verdict.value,
            "fail_on": verdict.fail_on.value,
            "unknown": verdict.unknown.value,
            "checks": ", ".join(verdict.checks),
            "digest": verdict.digest or None,
            **of_the_audit,
        }
        for verdict in audit.verdicts
    ]
    return _table(rows, POLICIES)


def waiver_table(audit: Audit) -> pd.DataFrame:
    """Return a row for each waiver of each policy, with the columns of `waivers.csv`."""
    rows = [_waiver_row(verdict.policy, each) for verdict in audit.verdicts for each in verdict.waivers]
    return _table(rows, WAIVERS)


def _waiver_row(policy: str, applied: AppliedWaiver) -> dict[str, object]:
    waiver = applied.waiver
    where = waiver.where.model_dump(mode="json", exclude_none=True) if waiver.where else None
    return {
        "policy": policy,
        "place": applied.place,
        "check": waiver.check,
        "resource": ", ".join(waiver.resource) if waiver.resource else None,
        "where": json.dumps(where, sort_keys=True, ensure_ascii=False) if where else None,
        "reason": waiver.reason,
        "approver": waiver.approver,
        "expires": waiver.expires.isoformat(),
        "ticket": waiver.ticket,
        "state": applied.state.value,
        "violations": applied.violations,
    }


def _table(rows: Iterable[Mapping[str, object]], file: ReportFile) -> pd.DataFrame:
    listed = list(rows)
    dtypes = {column.name: column.dtype for column in file.columns}
    return pd.DataFrame({name: [row[name] for row in listed] for name in dtypes}).astype(dtypes)


def score_table(audit: Audit) -> pd.DataFrame:
    """Return the `scores` of every policy with a `name`, sorted by policy, scope and id.

    Ids are spelled as Azure spells them. `name` is a workspace's name or a subscription's display name;
    `<NA>` if none was read.
    """
    frames = [no_scores(), *(verdict.scores for verdict in audit.verdicts)]
    found = pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)
    found = found.assign(key=found["id"].str.lower()).sort_values(["policy", "scope", "key"])
    found = found.reset_index(drop=True)
    spelled = _ids_and_names(audit.tables).reindex(found["key"]).set_axis(found.index)
    return found.assign(id=spelled["id"].fillna(found["id"]), name=spelled["name"]).drop(columns="key")


def _ids_and_names(tables: Tables) -> pd.DataFrame:
    """Return `id` and `name` of every workspace and subscription, by lower-cased id."""
    seen, own = tables.workspaces, tables.subscriptions
    workspaces = pd.DataFrame({"id": seen["workspace_id"], "name": seen["workspace"]})
    ids = pd.concat([own["subscription_id"], seen["subscription_id"].sort_values()]).dropna()
    ids = ids.reset_index(drop=True)
    names = subscription_names(tables, ids)
    subscriptions = pd.DataFrame({"id": ids, "name": names}).set_axis(ids.str.lower(), axis="index")
    both = pd.concat([workspaces, subscriptions]).astype("string")
    return both[~both.index.duplicated()]


def score_texts(scores: pd.Series) -> pd.Series[str]:
    """Return scores with one decimal; `<NA>` for no score. 100.0 means that everything that counts passes."""
    rounded = scores.round(1)
    shown = rounded.mask((scores.lt(100) & rounded.ge(100)).fillna(value=False), _BELOW_ALL)
    return shown.map("{:.1f}".format, na_action="ignore").astype("string")


def score_text(score: float | None) -> str:
    """Return one score with one decimal; "" for none."""
    return "" if score is None else str(score_texts(pd.Series([score], dtype="Float64")).iloc[0])


def workspace_scores(verdict: PolicyVerdict) -> dict[str, str]:
    """Return one policy's scores of workspaces by lower-cased id; "" for no score."""
    found = verdict.scores[verdict.scores["scope"].eq("workspace")]
    return dict(zip(found["id"].str.lower(), score_texts(found["score"]).fillna(""), strict=True))
