"""The score of a policy, of a subscription and of a workspace under it.

In a workspace each check counts once, by its worst finding. Not applicable and waived findings do not count, and
unknown counts as failed. The worst violated severity chooses the band, and the weighted share of satisfied checks
chooses the place within it:

    critical 0 to 25, high 25 to 50, medium 50 to 75, low and informational 75 to 100, nothing violated 100

A check weighs by its severity under the policy: critical 20, high 10, medium 6, low 2, informational 1. A consequence
does not count. Its cause carries it: with the worst severity, and with the greater of its own weight and the sum of
the weights of the checks that follow from it. A Project's finding that repeats its hub's counts for the hub only. The
score of a policy, or of a subscription, is the mean over its workspaces with a finding.

Example: a workspace with a high check that passes (10), a medium one that fails (6) and a low one that is unknown
(2) is in the band 50 to 75: 50 + 25 × 10 / 18 = 63.9.

A second passing finding of a check changes nothing. A new violation, or unknown in place of another status, never
raises a score. No workspace with a critical violation scores above one without.
"""

from __future__ import annotations

from typing import Final

from checks.frames import np, pd
from checks.severity import Severity, Verdict
from checks.vocabulary import Vocabulary

WEIGHTS: Final = {
    Severity.CRITICAL: 20,
    Severity.HIGH: 10,
    Severity.MEDIUM: 6,
    Severity.LOW: 2,
    Severity.INFORMATIONAL: 1,
}

BANDS: Final = {
    Severity.CRITICAL: 0,
    Severity.HIGH: 25,
    Severity.MEDIUM: 50,
    Severity.LOW: 75,
    Severity.INFORMATIONAL: 75,
}
"""The lowest score of the band that a violation of that severity chooses; each band is 25 wide."""

COUNTS = ("pass", "fail", "unknown", "not_applicable", "error", "waived", "consequence")
SCORE_COLUMNS = ("policy", "scope", "id", *COUNTS, "score")
"""The columns of `scores`: three strings, seven Int64 and a Float64."""

_SEVERITIES = tuple(WEIGHTS)


def no_scores() -> pd.DataFrame:
    """Return the frame of `scores` without a row."""
    dtypes = dict.fromkeys(("policy", "scope", "id"), "string") | dict.fromkeys(COUNTS, "Int64")
    return pd.DataFrame({name: pd.Series(dtype=dtypes.get(name, "Float64")) for name in SCORE_COLUMNS})


def scores(judged: pd.DataFrame, policy: str) -> pd.DataFrame:
    """Return counts and score of the policy, then of each subscription and each workspace with a finding.

    `scope` is policy, subscription or workspace, `id` "" or the id as findings spell it. Every finding is in one
    count: in `waived` or `consequence` if that is its verdict, else in that of its status. `<NA>` is no score.
    """
    workspaces = _workspaces(judged)
    spelled = workspaces["id"]
    ids = {
        "policy": pd.Series("", index=spelled.index, dtype="string"),
        "subscription": spelled.str.extract(r"(?i)^/subscriptions/([^/]+)", expand=False),
        "workspace": spelled.mask(spelled.eq("")),
    }
    parts = [_summed(workspaces, named).assign(scope=scope) for scope, named in ids.items()]
    parts[0] = parts[0] if len(judged) else _nothing()
    result = pd.concat(parts, ignore_index=True).assign(policy=policy)[list(SCORE_COLUMNS)]
    return result.astype(no_scores().dtypes.to_dict())


def _nothing() -> pd.DataFrame:
    return pd.DataFrame([{"id": "", "scope": "policy", **dict.fromkeys(COUNTS, 0), "score": pd.NA}])


def _workspaces(judged: pd.DataFrame) -> pd.DataFrame:
    """Return, by lower-cased workspace id, the id as first spelled, the counts and the score."""
    status = Vocabulary.of(judged["status"]).changed(lambda status: status.replace("-", "_"))
    word = pd.Series(status.categorical(COUNTS).codes, index=judged.index)
    for verdict in (Verdict.WAIVED, Verdict.CONSEQUENCE):
        word = word.mask(judged["verdict"].eq(verdict), COUNTS.index(verdict.value))
    texts = Vocabulary.of(judged["workspace_id"])
    keys = texts.changed(str.lower)
    rows = pd.DataFrame({"key": keys.expanded, "id": texts.expanded, "word": word.to_numpy()})
    counts = pd.crosstab(rows["key"], rows["word"]).reindex(columns=range(len(COUNTS)), fill_value=0)
    counts.columns = pd.Index(COUNTS)
    spelled = rows.groupby("key")["id"].first().astype("string")
    score = _scores(judged, rows["key"]).reindex(counts.index).fillna(100.0)
    return counts.assign(id=spelled, score=score.astype("Float64"))


def _scores(judged: pd.DataFrame, key: pd.Series) -> pd.Series:
    """Return the score of each workspace in which something counts, by lower-cased id; any other has 100."""
    status = judged["status"].astype(object).to_numpy()
    left_out = judged["verdict"].isin([Verdict.WAIVED, Verdict.CONSEQUENCE]).to_numpy()
    severity = Vocabulary.of(judged["severity"]).categorical(_SEVERITIES).codes
    rows = pd.DataFrame(
        {
            "key": key.to_numpy(),
            "check": judged["check_id"].astype(object).to_numpy(),
            "fails": status != "pass",
            "followed_by": Vocabulary.of(judged["followed_by"]).expanded,
            "weight": np.array(list(WEIGHTS.values()))[severity],
            "band": np.array(list(BANDS.values()))[severity],
        }
    )[~left_out & (status != "not-applicable")]
    return _by_workspace(rows) if len(rows) else pd.Series(dtype="float64")


def _by_workspace(rows: pd.DataFrame) -> pd.Series:
    """Return the score of each workspace from its counting findings."""
    followers = _followers(rows[rows["followed_by"].ne("")])
    by_check = ["key", "check"]
    carried_checks = pd.MultiIndex.from_frame(followers[["key", "follower"]])
    rows = rows[rows["fails"] | ~pd.MultiIndex.from_frame(rows[by_check]).isin(carried_checks)]
    units = rows.groupby(by_check, sort=False).agg(fails=("fails", "any"), weight=("weight", "max"))
    carried = followers.groupby(by_check)["weight"].sum().reindex(units.index).fillna(0)
    weight = units["weight"].where(units["weight"] >= carried, carried)
    gained = weight.where(~units["fails"], 0).groupby("key").sum()
    share = gained / weight.groupby("key").sum()
    lowest = pd.concat([rows[rows["fails"]], followers]).groupby("key")["band"].min()
    return (lowest + 25 * share.reindex(lowest.index)).reindex(share.index).fillna(100.0)


def _followers(causes: pd.DataFrame) -> pd.DataFrame:
    """Return weight and band of each other check that follows from a check of a workspace, each once."""
    entries = causes.assign(entry=causes["followed_by"].str.split(", ")).explode("entry")
    words = entries["entry"].str.split(" ", expand=True).reindex(columns=range(4))
    found = entries[["key", "check"]].assign(
        follower=words[2],
        weight=words[1].map(WEIGHTS).astype("float64"),
        band=words[1].map(BANDS).astype("float64"),
    )
    found = found[found["follower"].ne(found["check"])]
    by_follower = ["key", "check", "follower"]
    return found.groupby(by_follower, as_index=False).agg(weight=("weight", "max"), band=("band", "min"))


def _summed(workspaces: pd.DataFrame, ids: pd.Series) -> pd.DataFrame:
    """Return, for each id whatever its case: `id`, the summed counts and the mean score, sorted."""
    named = workspaces.assign(id=ids).groupby(ids.str.lower(), sort=True)
    return named.agg({"id": "first", **dict.fromkeys(COUNTS, "sum"), "score": "mean"})
