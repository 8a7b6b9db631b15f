"""Asks every chosen check and stamps its answers with who, what and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from checks.contract.hubs import with_hub_values
from checks.contract.tables import Tables
from checks.engine.alike import Alike
from checks.engine.answered import Answered, crashed, not_read
from checks.engine.categorical import SEVERITIES, STATUSES, categorical, constant
from checks.engine.kin import Kin
from checks.engine.stamps import Stamp, Stamps
from checks.model import ChosenCheck
from checks.vocabulary import Codes, Texts

FINDING_COLUMNS = (
    "check_id",
    "title",
    "family",
    "severity",
    "status",
    "resource_id",
    "workspace_id",
    "judged_by",
    "observed",
    "expected",
    "reason",
)
"""The columns of `findings`, all categorical strings: ids as Azure spelled them, `judged_by` lower-cased."""

_SAID = ("status", "observed", "expected", "reason")
_WORDS = {"status": STATUSES, "severity": SEVERITIES}
_WHERE = ("resource_id", "workspace_id", "judged_by")


@dataclass(frozen=True, kw_only=True)
class ScopedCheck:
    """A check whose answers count for some workspaces only.

    `workspaces` are their lower-cased ids, "" among them for what belongs to no workspace that was seen;
    None is everything there is.
    """

    chosen: ChosenCheck
    workspaces: pd.Index | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, kw_only=True)
class _Block:
    """Stamped answers of one check, sorted by workspace and resource."""

    chosen: ChosenCheck
    answered: Answered
    stamp: Stamp

    def take(self, rows: Codes) -> _Block:
        return replace(self, answered=self.answered.take(rows), stamp=self.stamp.take(rows))

    def texts(self, name: str) -> Texts:
        part: Texts = getattr(self.answered if name in _SAID else self.stamp, name)
        return part


def findings(tables: Tables, chosen: Iterable[ChosenCheck | ScopedCheck]) -> pd.DataFrame:
    """One row per check and resource, with `FINDING_COLUMNS`, sorted by workspace, check and resource.

    A check is asked once for each of its different parameters, of whole tables, whatever its scopes.

    Projects are judged by their hubs. Where the rows a check is about were not read for a workspace,
    the check answers `unknown` for that workspace. A check that raises, or answers in a wrong shape,
    becomes status `error` for every row it should have answered (one nameless row if there is none).
    """
    asking = _Asking(with_hub_values(tables))
    blocks = [block for each in chosen for block in asking.blocks(each)]
    blocks = [block for block in blocks if len(block.stamp.place)]
    if not blocks:
        return pd.DataFrame({name: constant("", 0, _WORDS.get(name)) for name in FINDING_COLUMNS})
    return _put_together(blocks, asking.stamps.ranks)


class _Asking:
    """One audit's asking: what was answered to a check and its parameters is kept while scopes differ."""

    def __init__(self, tables: Tables) -> None:
        kin = Kin(tables)
        self.stamps, self._alike = Stamps(tables, kin), Alike(tables, kin)
        self._asked: dict[tuple[str, str], list[_Block]] = {}

    def blocks(self, each: ChosenCheck | ScopedCheck) -> list[_Block]:
        """The stamped answers that count."""
        if isinstance(each, ChosenCheck):
            return self._all_of(each)
        if each.workspaces is None:
            return self._all_of(each.chosen)
        key = (each.chosen.check.id, repr(each.chosen.params))
        if key not in self._asked:
            self._asked[key] = self._all_of(each.chosen)
        counts = self._counting(each.workspaces)
        found = [replace(block, chosen=each.chosen) for block in self._asked[key]]
        return [
            block.take(np.flatnonzero(counts[block.stamp.place] | block.stamp.is_nameless)) for block in found
        ]

    def _counting(self, workspaces: pd.Index) -> np.ndarray:
        """Per place whether it is one of these workspaces; what was not seen is "" among them."""
        kin = self.stamps.kin
        unseen = np.full(kin.size - kin.seen, "" in workspaces)
        return np.append(kin.ids[: kin.seen].isin(workspaces), unseen)

    def _all_of(self, chosen: ChosenCheck) -> list[_Block]:
        """The answers of one check with who and where, and an unknown one for each workspace not read."""
        stamp = self.stamps.of(chosen.check.over)
        length = len(stamp.place)
        try:
            answered = self._alike.answered(chosen)
        except Exception as error:  # noqa: BLE001 - a check, perhaps somebody else's, must not stop the audit
            if not length:
                return [_block(chosen, crashed(1, error), self.stamps.nameless)]
            answered = crashed(length, error)
        unread = self.stamps.unread(chosen)
        missing = not_read(len(unread.place), chosen.check.over)
        return [_block(chosen, answered, stamp), _block(chosen, missing, unread)]


def _block(chosen: ChosenCheck, answered: Answered, stamp: Stamp) -> _Block:
    """The answers and who they are about; a reason says when a hub decided."""
    noted = np.flatnonzero(stamp.note.are_there)
    if chosen.check.follows_hub and len(noted):
        reason = answered.reason.joined(noted, [stamp.note], lambda reason, note: f"{reason} {note}".strip())
        answered = replace(answered, reason=reason)
    return _Block(chosen=chosen, answered=answered.packed(), stamp=stamp)


def _put_together(blocks: list[_Block], ranks: Codes) -> pd.DataFrame:
    """The findings by workspace, check and resource; a nameless one (of a crash without rows) once."""
    by_check: dict[str, list[_Block]] = {}
    for block in blocks:
        same = by_check.setdefault(block.chosen.check.id, [])
        if not (same and block.stamp.is_nameless.any()):
            same.append(block)
    ordered = [block for id in sorted(by_check) for block in by_check[id]]
    number = np.repeat(np.arange(len(ordered)), [len(block.stamp.place) for block in ordered])
    order = _order(by_check, ranks)
    number = number[order]
    same_for_all = {
        "check_id": [block.chosen.check.id for block in ordered],
        "title": [block.chosen.check.title for block in ordered],
        "family": [block.chosen.check.family for block in ordered],
        "severity": [block.chosen.severity.value for block in ordered],
    }
    columns = {
        name: categorical([Texts.of(pd.Series(words, dtype=object))], number, _WORDS.get(name))
        for name, words in same_for_all.items()
    }
    for name in (*_SAID, *_WHERE):
        parts = [block.texts(name) for block in ordered]
        columns[name] = categorical(parts, order, _WORDS.get(name))
    return pd.DataFrame({name: columns[name] for name in FINDING_COLUMNS}, copy=False)


def _order(by_check: dict[str, list[_Block]], ranks: Codes) -> Codes:
    """The places of all rows, block after block, by workspace, check and resource."""
    orders, keys, start = [], [], 0
    for id in sorted(by_check):
        workspace = np.concatenate([ranks[block.stamp.place] for block in by_check[id]])
        resource = np.concatenate([block.stamp.resource_rank for block in by_check[id]])
        order = np.argsort(((workspace + 1) << 36) + resource + 1, kind="stable")
        orders.append(start + order)
        keys.append(workspace[order])
        start += len(order)
    # Every check's rows are in order already: a sort that finds such runs only has to merge them.
    return np.concatenate(orders)[np.argsort(np.concatenate(keys), kind="stable")]
