"""The findings as the formats list them: with their id and the names of their workspace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

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


def finding_frame(audit: Audit) -> pd.DataFrame:
    """Return the fields of `FindingRow` as texts, `<NA>` as "", in the order of `audit.findings`."""
    described = with_workspaces(audit.findings, audit.tables)
    described = described.assign(finding_id=finding_ids(audit.findings))
    return pd.DataFrame(
        {name: described[name].astype(object).fillna("") for name in FindingRow._fields}, dtype=object
    )


def evidence_of_rows(audit: Audit) -> Iterator[list[str]]:
    """Yield the payloads behind every finding as URNs, in the order of `audit.findings`; none without a bundle."""
    if audit.evidence is None or not audit.root_digest:
        yield from ([] for _ in range(len(audit.findings)))
        return
    for references in audit.evidence:
        yield [f"urn:azml-audit:evidence:{audit.root_digest}:{each}" for each in str(references).split()]


def evidence_by_policy(audit: Audit) -> dict[str, list[list[str]]]:
    """Return the URNs of each policy's findings, in the order of `rows_by_policy`."""
    found: dict[str, list[list[str]]] = {verdict.policy: [] for verdict in audit.verdicts}
    for policy, urns in zip(audit.findings["policy"], evidence_of_rows(audit), strict=True):
        found[str(policy)].append(urns)
    return found


def rows_by_policy(audit: Audit) -> dict[str, list[FindingRow]]:
    """Return the findings of each policy, in the order of `audit.findings`."""
    found: dict[str, list[FindingRow]] = {verdict.policy: [] for verdict in audit.verdicts}
    for row in finding_rows(audit):
        found[row.policy].append(row)
    return found


def finding_rows(audit: Audit) -> Iterator[FindingRow]:
    """Yield every finding of every policy, in the order of `audit.findings`."""
    described = with_workspaces(audit.findings, audit.tables)
    columns = [Vocabulary.of(described[name]) for name in FindingRow._fields if name != "finding_id"]
    for start in range(0, len(described), _ROWS_AT_ONCE):
        ids = finding_ids(audit.findings.iloc[start : start + _ROWS_AT_ONCE]).tolist()
        taken = [column.take(np.arange(start, start + len(ids))) for column in columns]
        words = [each.expanded.tolist() for each in taken]
        yield from map(FindingRow._make, zip(ids, *words, strict=True))
