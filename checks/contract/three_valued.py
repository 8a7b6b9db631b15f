"""Three-valued reading of columns, and the joins between workspaces and the rows that belong to them.

A boolean answer here is always nullable: `<NA>` means that what was reported does not settle it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from checks.vocabulary import Codes, Values, coded, combined, factorized


def says(column: pd.Series, *words: str) -> pd.Series:
    """Per row whether the column holds one of the words, whatever their case; `<NA>` where it is `<NA>`."""
    wanted = {word.lower() for word in words}
    return judged(column, lambda value: value.lower() in wanted)


def judged(column: pd.Series, judge: Callable[[str], bool | None]) -> pd.Series:
    """`judge` of every value, asked once per different value; None and `<NA>` come back as `<NA>`."""
    places, values = factorized(column)
    return _claims([judge(value) for value in values], places, column.index)


def judged_pairs(left: pd.Series, right: pd.Series, judge: Callable[[str, str], bool | None]) -> pd.Series:
    """`judge` of the two values of every row, asked once per different pair; `<NA>` where either is."""
    pairs = combined([coded(left), coded(right)], len(left))
    columns = [column.iloc[pairs.first] for column in (left, right)]
    answers = [
        None if pd.isna(one) or pd.isna(other) else judge(one, other)
        for one, other in zip(*columns, strict=True)
    ]
    return _claims(answers, pairs.codes, left.index)


def _claims(answers: Sequence[bool | None], places: Codes, index: pd.Index) -> pd.Series:
    """Per row the answer at its place; `<NA>` for None, and for the place -1, which is that of the last."""
    known = np.array([*(answer is not None for answer in answers), False], dtype=bool)
    claims = np.array([*(bool(answer) for answer in answers), False], dtype=bool)
    return pd.Series(pd.arrays.BooleanArray(claims[places], ~known[places]), index=index)


def texts(column: pd.Series, text: Callable[[str], str]) -> pd.Series:
    """`text` of every value, asked once per different value; `<NA>` stays `<NA>`."""
    places, values = factorized(column)
    answers = np.array([*(text(value) for value in values), pd.NA], dtype=object)
    return pd.Series(answers[places], index=column.index, dtype="string")


def one_of_each(rows: pd.DataFrame, *names: str) -> tuple[pd.DataFrame, Codes]:
    """One row of all that agree in these columns, and per row the place of the one that stands for it."""
    alike = combined([coded(rows[name]) for name in names], len(rows))
    return rows.iloc[alike.first], alike.codes


def items(joined: str) -> list[str]:
    """The items of a list column: "a, b" gives a and b, "" gives none."""
    return [item for part in joined.split(",") if (item := part.strip())]


def any_child(
    claim: pd.Series, children: pd.DataFrame, workspaces: pd.DataFrame, *, known: pd.Series | None = None
) -> pd.Series:
    """Per workspace whether `claim` holds of any of its children.

    The children are those of the workspace that decides (`judged_by`). `<NA>` where the children were
    not all read (`known` is False or `<NA>`; None asks of those that were), or where none holds for sure
    but one may.
    """
    sure = claim.fillna(value=False).astype(bool)
    found = workspaces["judged_by"].isin(_workspaces_of(children[sure.to_numpy()]))
    unsure = workspaces["judged_by"].isin(_workspaces_of(children[claim.isna().to_numpy()])) & ~found
    any_known = found.astype("boolean").mask(unsure)
    return any_known if known is None else any_known.where(known.fillna(value=False))


def _workspaces_of(children: pd.DataFrame) -> Values:
    """The different lower-cased ids of the workspaces that the rows belong to."""
    _, spelled = factorized(children["workspace_id"])
    return np.array([id.lower() for id in spelled], dtype=object)


def children_named(
    names: pd.Series, mask: pd.Series, children: pd.DataFrame, workspaces: pd.DataFrame
) -> pd.Series:
    """Per workspace the names of its children under `mask`, sorted and joined by ", "; "" for none."""
    wanted = mask.fillna(value=False).astype(bool)
    keys = texts(children["workspace_id"][wanted], str.lower)
    joined = names[wanted].fillna("not reported").groupby(keys).agg(lambda found: ", ".join(sorted(found)))
    result = joined.astype("string").reindex(workspaces["judged_by"].fillna(""))
    return result.set_axis(workspaces.index).fillna("")


def of_workspace(values: pd.Series, children: pd.DataFrame) -> pd.Series:
    """Per child row the value of its workspace; `<NA>` where that workspace is not in the table."""
    places, spelled = factorized(children["workspace_id"])
    found = values.reindex([id.lower() for id in spelled]).array
    return pd.Series(found.take(places, allow_fill=True), index=children.index)


def subscription_of(resource_id: str) -> str | None:
    """The lower-cased subscription id inside a resource id, None where there is none."""
    head, _, rest = resource_id.strip().lower().lstrip("/").partition("/")
    return rest.partition("/")[0] or None if head == "subscriptions" else None
