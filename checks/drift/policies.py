"""Which policies of two audits are the same: those that demand the same, whatever their names are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from checks.drift.model import Snapshot, texts


def with_names_of(old: Snapshot, new: Snapshot) -> Snapshot:
    """Return the old audit, with the new audit's names for policies that demand the same there.

    Two policies demand the same if their digests are equal. An old policy that loses its name to another one is
    called "NAME of OLD". Policies without an equal keep their names, so those that share a name are compared, too.
    """
    names = _renamed(old.of_policies("digest"), new.of_policies("digest"), old.name)
    if not names:
        return old
    frames: dict[str, Any] = {
        name: _with_names(frame, names)
        for name, frame in (("findings", old.findings), ("policies", old.policies), ("waivers", old.waivers))
        if frame is not None
    }
    return replace(old, **frames)


def _renamed(before: Mapping[str, str], after: Mapping[str, str], of: str) -> dict[str, str]:
    """Return old names to new names, of those that change."""
    names: dict[str, str] = {}
    free = dict(after)
    for old in sorted(before, key=lambda name: (after.get(name) != before[name], name)):
        same = sorted(name for name, digest in free.items() if digest and digest == before[old])
        if same:
            names[old] = old if old in same else same[0]
            del free[names[old]]
    taken = set(names.values())
    names |= {old: f"{old} of {of}" for old in before.keys() - names.keys() if old in taken}
    return {old: new for old, new in names.items() if old != new}


def _with_names(frame: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    return frame.assign(
        policy=texts(frame["policy"]).map(lambda name: names.get(name, name)).astype("string")
    )
