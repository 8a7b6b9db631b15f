"""The findings as every format lists them: with their id and the names of their workspace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from checks.engine.finding_ids import finding_ids
from reports.audit import Audit
from reports.tables.pools import Pooled
from reports.tables.workspaces import with_workspaces

_ROWS_AT_ONCE = 1 << 14


class FindingRow(NamedTuple):
    """One check's answer for one resource under one policy; "" is what is not known."""

    finding_id: str
    policy: str
    check_id: str
    severity: str
    status: str
    verdict: str
    title: str
    resource_id: str
    workspace_id: str
    workspace: str
    subscription_id: str
    subscription: str
    resource_group: str
    location: str
    observed: str
    expected: str
    reason: str
    waiver: str
    caused_by: str

    @property
    def resource(self) -> str:
        """The resource's name: the last word of its id."""
        return self.resource_id.rstrip("/").rpartition("/")[2]


def finding_frame(audit: Audit) -> pd.DataFrame:
    """The fields of `FindingRow` as texts, `<NA>` as "", in the order of `audit.findings`."""
    described = with_workspaces(audit.findings, audit.tables)
    described = described.assign(finding_id=finding_ids(audit.findings))
    return pd.DataFrame(
        {name: described[name].astype(object).fillna("") for name in FindingRow._fields}, dtype=object
    )


def finding_rows(audit: Audit) -> Iterator[FindingRow]:
    """Every finding of every policy, in the order of `audit.findings`; made some thousands at a time."""
    described = with_workspaces(audit.findings, audit.tables)
    columns = [Pooled.of(described[name]) for name in FindingRow._fields if name != "finding_id"]
    for start in range(0, len(described), _ROWS_AT_ONCE):
        ids = finding_ids(audit.findings.iloc[start : start + _ROWS_AT_ONCE]).tolist()
        taken = [column.take(np.arange(start, start + len(ids))) for column in columns]
        words = [each.pool[each.codes].tolist() for each in taken]
        yield from map(FindingRow._make, zip(ids, *words, strict=True))
