"""The findings as the formats list them: with their id and the names of their workspace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from checks.contract.tables import Tables
from checks.engine.finding_ids import finding_ids
from checks.vocabulary import Vocabulary
from reports.audit import Audit
from reports.tables.workspaces import with_workspaces

_ROWS_AT_ONCE = 1 << 14


UNNAMED = "a resource without a name"


class FindingRow(NamedTuple):
    """The finding of one check for one resource under one policy; "" if a value was not reported."""

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
    followed_by: str

    @property
    def resource(self) -> str:
        """The resource's name: the last part of its id."""
        return self.resource_id.rstrip("/").rpartition("/")[2]

    @property
    def label(self) -> str:
        """The name of the workspace, and of the resource if that is another one."""
        return (
            self.workspace if self.resource_id == self.workspace_id else f"{self.workspace} / {self.resource}"
        )

    @property
    def explanation(self) -> str:
        """The reason, else the observed value."""
        return self.reason or f"Observed {self.observed}."


def evidence_of_rows(audit: Audit, findings: pd.DataFrame) -> Iterator[list[str]]:
    """Yield the payloads behind each of the findings as URNs, in their order; none without a bundle."""
    if audit.evidence is None or not audit.root_digest:
        yield from ([] for _ in range(len(findings)))
        return
    for references in audit.evidence.loc[findings.index]:
        yield [f"urn:azml-audit:evidence:{audit.root_digest}:{each}" for each in str(references).split()]


def of_policy(findings: pd.DataFrame, policy: str) -> pd.DataFrame:
    """Return the findings of the policy."""
    return findings[findings["policy"].eq(policy)]


def finding_rows(findings: pd.DataFrame, tables: Tables) -> Iterator[FindingRow]:
    """Yield the findings in their order; `tables` name their workspaces."""
    described = with_workspaces(findings, tables)
    columns = [Vocabulary.of(described[name]) for name in FindingRow._fields if name != "finding_id"]
    for start in range(0, len(described), _ROWS_AT_ONCE):
        ids = finding_ids(findings.iloc[start : start + _ROWS_AT_ONCE]).tolist()
        taken = [column.take(np.arange(start, start + len(ids))) for column in columns]
        words = [each.expanded.tolist() for each in taken]
        yield from map(FindingRow._make, zip(ids, *words, strict=True))
