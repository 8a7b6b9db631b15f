"""Three-valued reading of columns, and the joins between workspaces and the rows that belong to them.

The checks of the families call it. A boolean answer is nullable: `<NA>` means that the reported value does not decide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from checks.contract.names import named
from checks.frames import np, pd
from checks.vocabulary import Codes, Vocabulary, grouped


def says(column: pd.Series, *words: str, among: Sequence[str] = ()) -> pd.Series:
    """Return for each row whether the column holds one of the words in any case. `<NA>` for `<NA>`.

    With `among`, the documented words of the column, any other word is `<NA>` too.
    """
    wanted, documented = ({word.lower() for word in each} for each in (words, among))
    if not documented:
        return judged(column, lambda value: value.lower() in wanted)
    return judged(column, lambda value: value.lower() in wanted if value.lower() in documented else None)


def judged(column: pd.Series, judge: Callable[[str], bool | None]) -> pd.Series:
    """Return `judge` of every value, called once for each different value. `<NA>` for None and `<NA>`."""
    different = Vocabulary.of(column)
    return _claims([*map(judge, different.pool[:-1]), None], different.codes, column.index)


def judged_pairs(left: pd.Series, right: pd.Series, judge: Callable[[str, str], bool | None]) -> pd.Series:
    """Return `judge` of both values, called once for each different pair. `<NA>` for None or if either is `<NA>`."""
    columns = [Vocabulary.of(column, absent=None) for column in (left, right)]
    pairs = grouped(columns)
    different = zip(*(column.take(pairs.pool).expanded for column in columns), strict=True)
    answers = [None if one is None or other is None else judge(one, other) for one, other in different]
    return _claims(answers, pairs.codes, left.index)


def _claims(answers: Sequence[bool | None], places: Codes, index: pd.Index) -> pd.Series:
    """Return for each row the answer at its place, `<NA>` for None."""
    is_unknown = np.array([answer is None for answer in answers], dtype=bool)
    claims = np.array([bool(answer) for answer in answers], dtype=bool)
    return pd.Series(pd.arrays.BooleanArray(claims[places], is_unknown[places]), index=index)


def texts(column: pd.Series, text: Callable[[str], str]) -> pd.Series:
    """Return `text` of every value, called once for each different value. `<NA>` for `<NA>`."""
    different = Vocabulary.of(column)
    answers = np.array([*map(text, different.pool[:-1]), pd.NA], dtype=object)
    return pd.Series(answers[different.codes], index=column.index, dtype="string")


def one_of_each(rows: pd.DataFrame, *names: str) -> tuple[pd.DataFrame, Codes]:
    """Return one row of all that agree in these columns, and for each row the place of its representative."""
    alike = grouped([Vocabulary.of(rows[name]) for name in names])
    return rows.iloc[alike.pool], alike.codes


def items(joined: str) -> list[str]:
    """Return the items of a list column: "a, b" gives a and b, "" gives none."""
    return [item for part in joined.split(",") if (item := part.strip())]


def any_child(
    claim: pd.Series, children: pd.DataFrame, workspaces: pd.DataFrame, *, known: pd.Series | None = None
) -> pd.Series:
    """Return for each workspace whether `claim` is true for a child of the workspace that decides (`judged_by`).

    `<NA>` if `known` is not true: the children were not all read. If `known` is None the children that were read
    decide. `<NA>` also if the claim is true for no child and `<NA>` for one.
    """
    owners, judges = children["workspace_id"], workspaces["judged_by"].to_numpy(dtype=object)
    found, unsure = (
        np.fromiter(map(_workspaces_of(owners[mask]).__contains__, judges), dtype=bool, count=len(judges))
        for mask in (claim.fillna(value=False).to_numpy(dtype=bool), claim.isna().to_numpy(dtype=bool))
    )
    any_known = pd.Series(pd.arrays.BooleanArray(found, unsure & ~found), index=workspaces.index)
    return any_known if known is None else any_known.where(known.fillna(value=False))


def _workspaces_of(owners: pd.Series) -> set[str]:
    """Return the different lower-cased ids."""
    return {id.lower() for id in Vocabulary.of(owners).pool[:-1]}


def children_named(
    names: pd.Series, mask: pd.Series, children: pd.DataFrame, workspaces: pd.DataFrame
) -> pd.Series:
    """Return for each workspace the names of its children under `mask`, sorted, see `named`. "" for none."""
    wanted = mask.fillna(value=False).astype(bool)
    owners = texts(children["workspace_id"][wanted], str.lower).to_numpy(dtype=object)
    by_owner: dict[str, list[str]] = {}
    for owner, name in zip(owners, names[wanted].fillna("not reported").to_numpy(dtype=object), strict=True):
        by_owner.setdefault(owner, []).append(name)
    listed = {owner: named(sorted(found)) for owner, found in by_owner.items()}
    return texts(workspaces["judged_by"], lambda id: listed.get(id, "")).fillna("")


def names_where(claims: Mapping[str, pd.Series]) -> pd.Series:
    """Return for each row the names of the claims that are true, joined by ", ". `<NA>` is not true."""
    is_true = [claim.fillna(value=False).to_numpy(dtype=bool) for claim in claims.values()]
    rows = grouped([Vocabulary(codes=each.astype(np.int8), pool=np.array([False, True])) for each in is_true])
    joined = [
        ", ".join(name for name, each in zip(claims, is_true, strict=True) if each[row]) for row in rows.pool
    ]
    index = next(iter(claims.values())).index
    return pd.Series(pd.array(joined, dtype="string").take(rows.codes), index=index)


def of_workspace(values: pd.Series, children: pd.DataFrame) -> pd.Series:
    """Return for each child the value of its workspace. `<NA>` if the table lacks that workspace."""
    owners = Vocabulary.of(children["workspace_id"])
    found = values.reindex([*map(str.lower, owners.pool[:-1])]).array
    places = np.where(owners.codes < len(found), owners.codes, -1)
    return pd.Series(found.take(places, allow_fill=True), index=children.index)


def subscription_of(resource_id: str) -> str | None:
    """Return the lower-cased subscription id in a resource id, None if there is none."""
    head, _, rest = resource_id.strip().lower().lstrip("/").partition("/")
    return rest.partition("/")[0] or None if head == "subscriptions" else None
