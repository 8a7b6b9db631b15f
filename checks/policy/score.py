"""The score of a policy, of a subscription and of a workspace under it.

    score = 100 × Σ weight(pass) / Σ weight(pass, fail, unknown, error)

A finding weighs by its severity under the policy: critical 10, high 5, medium 3, low 1, informational 0.
What is waived and what does not apply counts in neither sum. Where nothing counts there is no score.

Example: a workspace with a high check that passes (5), a medium one that fails (3), a low one that is
unknown (1), a critical one that fails and is waived, and one that does not apply scores
100 × 5 / (5 + 3 + 1) = 55.6. Had the low check failed, the score would be the same; had it passed, 66.7.

What is unknown thus never improves a score: replacing any status but error by unknown gives one that is
no higher, where no score at all ranks with 0. A waiver does improve it, and is counted beside it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from checks.engine.categorical import coded_texts, mapped
from checks.policy.verdicts import Verdict
from checks.severity import Severity

WEIGHTS = {
    Severity.CRITICAL: 10,
    Severity.HIGH: 5,
    Severity.MEDIUM: 3,
    Severity.LOW: 1,
    Severity.INFORMATIONAL: 0,
}

COUNTS = ("pass", "fail", "unknown", "not_applicable", "error", "waived")
SCORE_COLUMNS = ("policy", "scope", "id", *COUNTS, "score")
"""The columns of `scores`: three strings, six Int64 and a Float64."""

_COUNTING = ("pass", "fail", "unknown", "error")


def no_scores() -> pd.DataFrame:
    """The frame of `scores` without a row."""
    dtypes = dict.fromkeys(("policy", "scope", "id"), "string") | dict.fromkeys(COUNTS, "Int64")
    return pd.DataFrame({name: pd.Series(dtype=dtypes.get(name, "Float64")) for name in SCORE_COLUMNS})


def scores(judged: pd.DataFrame, policy: str) -> pd.DataFrame:
    """Counts and score of the policy, then of each subscription and each workspace with a finding.

    `scope` is policy, subscription or workspace, `id` "" or the id as findings spell it. Every finding is
    in one count: in `waived` if it is waived, else in that of its status. `<NA>` is no score.
    """
    sums = _sums(judged)
    spelled = pd.Series(sums.index, index=sums.index, dtype="string")
    ids = {
        "policy": pd.Series("", index=sums.index, dtype="string"),
        "subscription": spelled.str.extract(r"(?i)^/subscriptions/([^/]+)", expand=False),
        "workspace": spelled.mask(spelled.eq("")),
    }
    parts = [_scored(sums, named).assign(scope=scope) for scope, named in ids.items()]
    parts[0] = parts[0] if len(judged) else _nothing()
    result = pd.concat(parts, ignore_index=True).assign(policy=policy)[list(SCORE_COLUMNS)]
    return result.astype(no_scores().dtypes.to_dict())


def _nothing() -> pd.DataFrame:
    return pd.DataFrame([{"id": "", "scope": "policy", **dict.fromkeys(COUNTS, 0), "score": pd.NA}])


def _sums(judged: pd.DataFrame) -> pd.DataFrame:
    """Per spelling of a workspace's id: the counts, and the weights `gained` and `possible`."""
    status = mapped(judged["status"], lambda status: status.replace("-", "_"), COUNTS).codes
    word = np.where(judged["verdict"].eq(Verdict.WAIVED), COUNTS.index("waived"), status)
    severity = mapped(judged["severity"], str, tuple(WEIGHTS)).codes
    workspace = coded_texts(judged["workspace_id"])
    shape = (len(workspace.pool), len(COUNTS), len(WEIGHTS))
    flat = np.ravel_multi_index((workspace.codes, word, severity), shape)
    found = np.bincount(flat, minlength=np.prod(shape)).reshape(shape)
    weighed = found @ np.array(list(WEIGHTS.values()))
    columns = {name: found[:, number].sum(axis=1) for number, name in enumerate(COUNTS)}
    columns |= {
        "gained": weighed[:, COUNTS.index("pass")],
        "possible": weighed[:, [COUNTS.index(status) for status in _COUNTING]].sum(axis=1),
    }
    occurs = np.flatnonzero(found.any(axis=(1, 2)))
    return pd.DataFrame(columns, index=pd.Index(workspace.pool, dtype="string")).iloc[occurs].sort_index()


def _scored(sums: pd.DataFrame, ids: pd.Series) -> pd.DataFrame:
    """Per id, whatever its case: `id`, the counts and the score, sorted."""
    summed = sums.assign(id=ids).groupby(ids.str.lower(), sort=True)
    result = summed.agg({"id": "first", **dict.fromkeys(sums.columns, "sum")})
    possible = result["possible"].astype("Int64")
    score = 100 * result["gained"].astype("Int64") / possible.mask(possible.eq(0))
    return result.assign(score=score.astype("Float64"))
