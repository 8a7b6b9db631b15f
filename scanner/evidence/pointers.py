"""Return, for every finding, references to the payloads of its row and of the lists its check reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from checks.contract.tables import SCHEMAS, Tables
from checks.frames import np, pd
from checks.model import Check
from checks.vocabulary import Vocabulary, grouped
from scanner.payloads.answers import NETWORK_PROVIDER, PERIMETERS, ROLE_ASSIGNMENTS
from scanner.reading.collection import KIND_OF
from scanner.tables.associated import ASSOCIATED
from scanner.tables.networks import NETWORK_TYPES
from scanner.tables.provenance import Provenance, Reference

_KEYS = ("check_id", "resource_id", "workspace_id", "judged_by")


@dataclass(frozen=True, kw_only=True)
class _Reading:
    """The payloads that a check reads. Many checks share one reading."""

    over: str
    own_kinds: frozenset[str]
    """The kinds of payload that list the rows of its own table."""
    kinds: frozenset[str]
    """The kinds of payload that list the other tables it reads."""


def evidence_of(
    findings: pd.DataFrame, tables: Tables, provenance: Provenance, checks: Mapping[str, Check]
) -> pd.Series[str]:
    """Return the references of every finding, joined by a space, on the index of `findings`.

    The row comes first, then the judged workspace and the one that decides, then the lists of the deciding
    workspace that the check reads. A finding about rows that could not be read refers to the incomplete list.
    Findings with equal keys are computed once, because few differ.
    """
    check_ids, *ids = (Vocabulary.of(findings[name]) for name in _KEYS)
    readings = Vocabulary.of(pd.Series([_reading(checks[id]) for id in check_ids.pool[:-1]], dtype=object))
    keys = [readings.take(check_ids.codes), *ids]
    groups = grouped(keys)
    different = zip(*(key.take(groups.pool).expanded for key in keys), strict=True)
    references = _References(tables, provenance)
    texts = [
        references.text(reading, resource=resource, workspace=workspace, judged_by=judged_by)
        for reading, resource, workspace, judged_by in different
    ]
    return pd.Series(np.array([*texts, None], dtype=object)[:-1][groups.codes], index=findings.index)


def _reading(check: Check) -> _Reading:
    known = {name.removeprefix("workspaces.") for name in check.reads if name.startswith("workspaces.")}
    others = {table for table, _, _ in (read.partition(".") for read in check.reads)} - {check.over}
    kinds = {KIND_OF[column] for column in known if column in KIND_OF}
    kinds |= {KIND_OF[column] for table in others for column in SCHEMAS[table].known_by}
    return _Reading(
        over=check.over,
        own_kinds=frozenset(KIND_OF[column] for column in check.rows_known_by),
        kinds=frozenset(kinds),
    )


class _References:
    """Joins the references of one finding."""

    def __init__(self, tables: Tables, provenance: Provenance) -> None:
        self._tables = tables
        self._provenance = provenance
        self._rows = cache(self._rows_of)
        self._lists = cache(self._lists_of)
        self._associated = _by_workspace(tables.associated_resources, provenance)

    def text(self, reading: _Reading, *, resource: str, workspace: str, judged_by: str) -> str:
        own, decides = workspace.lower(), judged_by or workspace.lower()
        key = resource.lower()
        row = self._rows(reading.over).get((own, key), ())
        is_unread = not row and key == own and reading.over != "workspaces"
        workspaces = [self._provenance.of_row("workspaces", each) for each in dict.fromkeys((own, decides))]
        lists = self._lists(reading.kinds | (reading.own_kinds if is_unread else frozenset()), decides)
        return " ".join(dict.fromkeys((*row, *(each for found in workspaces for each in found), *lists)))

    def _rows_of(self, table: str) -> Mapping[tuple[str, str], tuple[Reference, ...]]:
        """Return the references of a table's rows by lower-cased workspace and resource."""
        frame, schema = self._tables[table], SCHEMAS[table]
        resources = frame[schema.resource_column].astype(object).fillna("").str.lower()
        owners = "workspace_id" in frame.columns
        workspaces = (
            frame["workspace_id"].astype(object).fillna("").str.lower() if owners else [""] * len(frame)
        )
        found: dict[tuple[str, str], tuple[Reference, ...]] = {}
        for key, workspace, resource in zip(frame.index, workspaces, resources, strict=True):
            named = (workspace, resource)
            found[named] = _united((found.get(named, ()), self._provenance.of_row(table, str(key))))
        return found

    def _lists_of(self, kinds: frozenset[str], workspace: str) -> tuple[Reference, ...]:
        found = [
            self._provenance.lists.get((kind, workspace), ())
            for kind in sorted(
                kinds - {ASSOCIATED, PERIMETERS, *NETWORK_TYPES, NETWORK_PROVIDER, ROLE_ASSIGNMENTS}
            )
        ]
        if ASSOCIATED in kinds:
            found.append(self._associated.get(workspace, ()))
        return _united(found)


def _by_workspace(associated: pd.DataFrame, provenance: Provenance) -> dict[str, tuple[Reference, ...]]:
    found: dict[str, tuple[Reference, ...]] = {}
    workspaces = associated["workspace_id"].astype(object).fillna("").str.lower()
    for key, workspace in zip(associated.index, workspaces, strict=True):
        row = provenance.of_row("associated_resources", str(key))
        found[workspace] = _united((found.get(workspace, ()), row))
    return found


def _united(groups: Iterable[tuple[Reference, ...]]) -> tuple[Reference, ...]:
    return tuple(dict.fromkeys(each for references in groups for each in references))
