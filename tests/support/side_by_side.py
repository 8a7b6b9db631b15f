"""Many worlds judged at once, each as if it were alone, and what was found told apart again.

A check costs much the same whether it is asked of ten rows or of a thousand, so the laws that compare many
worlds put them into one set of tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from checks.contract.tables import SCHEMAS, STRING, Tables
from checks.engine.asking import findings
from checks.model import Check, ChosenCheck, Status
from tests.support.tables.drawn import chosen

KEYS = ["check_id", "workspace_id", "resource_id"]

_GROUP = re.compile("(/resourcegroups/)", re.IGNORECASE)
_MARKED = re.compile(r"(/resourcegroups/)(\d+)~", re.IGNORECASE)


def blanked(tables: Tables, read: str) -> Tables:
    """The tables with one column, named `table.column`, gone."""
    table, _, column = read.partition(".")
    absent = pd.array([pd.NA] * len(tables[table]), dtype=SCHEMAS[table].dtypes[column])  # type: ignore[call-overload]
    return tables.replaced(**{table: tables[table].assign(**{column: absent})})


def verdicts(worlds: Mapping[str, Tables], checks: Iterable[Check]) -> pd.DataFrame:
    """Status by `KEYS`, a column per world, `<NA>` where it has no such row; no check may crash.

    A row is a resource, told apart from its workspace, about which a check answers where its rows are unread.
    """
    asked = [chosen(check) for check in checks]
    return pd.concat([_verdicts(group, asked) for group in _with_equal_subscriptions(worlds)], axis=1)


def _with_equal_subscriptions(worlds: Mapping[str, Tables]) -> list[dict[str, Tables]]:
    """The worlds in groups: only worlds with the same subscriptions can stand beside each other."""
    groups: list[dict[str, Tables]] = []
    for name, world in worlds.items():
        for group in groups:
            if next(iter(group.values())).subscriptions.equals(world.subscriptions):
                group[name] = world
                break
        else:
            groups.append({name: world})
    return groups


def _verdicts(worlds: Mapping[str, Tables], checks: list[ChosenCheck]) -> pd.DataFrame:
    found = findings(beside(worlds), checks)
    crashed = found[found["status"].eq(Status.ERROR)]
    assert crashed.empty, dict(zip(crashed["check_id"], crashed["reason"], strict=True))
    names = list(worlds)
    told_apart = {name: found[name].map(lambda id: _MARKED.sub(r"\1", id)).astype(str) for name in KEYS[1:]}
    world = found["workspace_id"].map(lambda id: names[int(_MARKED.findall(id)[0][1])]).astype(str)
    found = found.assign(**told_apart, world=world).astype(str)
    return found.pivot_table(index=KEYS, columns="world", values="status", aggfunc="first", sort=False)


def beside(worlds: Mapping[str, Tables]) -> Tables:
    """All worlds in one set of tables; the resource groups in a world's ids bear its number."""
    return Tables(**{name: _together(name, [world[name] for world in worlds.values()]) for name in SCHEMAS})


def _together(table: str, frames: list[pd.DataFrame]) -> pd.DataFrame:
    schema, rows = SCHEMAS[table], pd.concat(frames)
    marks = np.repeat([rf"\g<1>{n}~" for n in range(len(frames))], [len(frame) for frame in frames])
    ids = {
        name: pd.Series(map(_marked, rows[name], marks), index=rows.index, dtype=STRING)
        for name, dtype in schema.dtypes.items()
        if dtype == STRING and rows[name].str.contains("/resourcegroups/", case=False, regex=False).any()
    }
    rows = rows.assign(**ids)
    if table == "subscriptions":
        rows = rows[~rows.index.duplicated()]
    return rows.set_axis(pd.Index(rows[schema.id_column].str.lower(), name="id")).sort_index()


def _marked(text: object, mark: str) -> object:
    return _GROUP.sub(mark, text) if isinstance(text, str) else text
