"""Three-valued reading of columns, and the joins between workspaces and the rows that belong to them.

A boolean answer here is always nullable: `<NA>` means that what was reported does not settle it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd


def says(column: pd.Series, *words: str) -> pd.Series:
    """Per row whether the column holds one of the words, whatever their case; `<NA>` where it is `<NA>`."""
    wanted = {word.lower() for word in words}
    return judged(column, lambda value: value.lower() in wanted)


def judged(column: pd.Series, judge: Callable[[str], bool | None]) -> pd.Series:
    """`judge` of every value, asked once per different value; None and `<NA>` come back as `<NA>`."""
    places, values = pd.factorize(column)
    answers = [judge(value) for value in values]
    # `<NA>` has the place -1, which is the last of each.
    known = np.array([*(answer is not None for answer in answers), False], dtype=bool)
    claims = np.array([*(bool(answer) for answer in answers), False], dtype=bool)
    return pd.Series(pd.arrays.BooleanArray(claims[places], ~known[places]), index=column.index)


def judged_pairs(left: pd.Series, right: pd.Series, judge: Callable[[str, str], bool | None]) -> pd.Series:
    """`judge` of the two values of every row, asked once per different pair; `<NA>` where either is."""
    places = pd.DataFrame({"left": left, "right": right}).groupby(["left", "right"], sort=False).ngroup()
    known = left.notna() & right.notna()
    first = known & ~places.duplicated()
    answers = {
        place: judge(*pair) for place, *pair in zip(places[first], left[first], right[first], strict=True)
    }
    return places.astype(object).map(answers).astype("boolean").where(known)


def texts(column: pd.Series, text: Callable[[str], str]) -> pd.Series:
    """`text` of every value, asked once per different value; `<NA>` stays `<NA>`."""
    places, values = pd.factorize(column)
    answers = np.array([*(text(value) for value in values), pd.NA], dtype=object)
    return pd.Series(answers[places], index=column.index, dtype="string")


def items(joined: str) -> list[str]:
    """The items of a list column: "a, b" gives a and b, "" gives none."""
    return [item for part in joined.split(",") if (item := part.strip())]


def any_child(
    claim: pd.Series, children: pd.DataFrame, workspaces: pd.DataFrame, *, known: pd.Series
) -> pd.Series:
    """Per workspace whether `claim` holds of any of its children.

    The children are those of the workspace that decides (`judged_by`). `<NA>` where the children were
    not all read (`known` is False or `<NA>`), or where none holds for sure but one may.
    """
    keys = children["workspace_id"].str.lower()
    sure = claim.fillna(value=False).astype(bool).groupby(keys).any()
    unsure = claim.isna().groupby(keys).any() & ~sure
    found = sure.astype("boolean").mask(unsure)
    result = found.reindex(workspaces["judged_by"].fillna(""), fill_value=False).set_axis(workspaces.index)
    return result.astype("boolean").where(known.fillna(value=False))


def children_named(
    names: pd.Series, mask: pd.Series, children: pd.DataFrame, workspaces: pd.DataFrame
) -> pd.Series:
    """Per workspace the names of its children under `mask`, sorted and joined by ", "; "" for none."""
    wanted = mask.fillna(value=False).astype(bool)
    keys = children["workspace_id"].str.lower()[wanted]
    joined = names[wanted].fillna("not reported").groupby(keys).agg(lambda found: ", ".join(sorted(found)))
    result = joined.astype("string").reindex(workspaces["judged_by"].fillna(""))
    return result.set_axis(workspaces.index).fillna("")


def of_workspace(values: pd.Series, children: pd.DataFrame) -> pd.Series:
    """Per child row the value of its workspace; `<NA>` where that workspace is not in the table."""
    return values.reindex(children["workspace_id"].str.lower()).set_axis(children.index)


def subscription_of(resource_id: str) -> str | None:
    """The lower-cased subscription id inside a resource id, None where there is none."""
    head, _, rest = resource_id.strip().lower().lstrip("/").partition("/")
    return rest.partition("/")[0] or None if head == "subscriptions" else None
