"""Findings of checks that explain each other, as an audit keeps them, for the laws of causes and of scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from hypothesis import strategies as st

from checks.engine.causes import with_causes
from checks.model import Check, Remediation, Severity, Status, check
from checks.policy.judge import judged
from checks.policy.model import UnknownCounts
from tests.support.tables.checks import workspace_id

FOLLOWS = {"TST001": (), "TST002": ("TST001",), "TST003": ("TST001",), "TST004": ("TST003",)}
"""Each check with those that explain it, of the same workspace."""

HUB_OF = {"p": "a", "q": "a"}
"""The Projects among the workspaces a, b, p and q. Their hub decides TST001 and TST002."""

Answer = tuple[str, str, str]
"""A workspace, a check and a status."""


def _check(id: str, follows: tuple[str, ...]) -> Check:
    read = "public_network_access" if id < "TST003" else "hbi_workspace"
    made = check(
        id=id,
        title=id,
        over="workspaces",
        severity=Severity.LOW,
        reads=(f"workspaces.{read}",),
        remediation=Remediation(summary="fix"),
        follows=follows,
    )
    return made(lambda tables, params: pd.DataFrame())


CHECKS: Mapping[str, Check] = {id: _check(id, follows) for id, follows in FOLLOWS.items()}


def answers_of(*workspaces: str) -> st.SearchStrategy[list[Answer]]:
    """Draw answers about these workspaces, at most one for a workspace and a check."""
    statuses = st.sampled_from([status.value for status in Status])
    one = st.tuples(st.sampled_from(workspaces), st.sampled_from(sorted(CHECKS)), statuses)
    return st.lists(one, min_size=1, max_size=14, unique_by=lambda answer: answer[:2])


SEVERITIES = st.fixed_dictionaries({id: st.sampled_from(list(Severity)) for id in CHECKS})


def judged_answers(
    answers: Sequence[Answer],
    severities: Mapping[str, Severity],
    unknown: UnknownCounts = UnknownCounts.INCOMPLETE,
) -> pd.DataFrame:
    """Return the findings with verdicts and without causes. Each answer is about the workspace itself."""
    rows = [
        {
            "check_id": check_id,
            "status": status,
            "severity": severities[check_id].value,
            "resource_id": workspace_id(name),
            "workspace_id": workspace_id(name),
            "judged_by": workspace_id(HUB_OF.get(name, name)),
            "reason": "",
        }
        for name, check_id, status in answers
    ]
    return judged(pd.DataFrame(rows, dtype="string"), "mine", unknown=unknown)


def explained_answers(
    answers: Sequence[Answer],
    severities: Mapping[str, Severity],
    unknown: UnknownCounts = UnknownCounts.INCOMPLETE,
) -> pd.DataFrame:
    """Return the same with causes."""
    return with_causes(judged_answers(answers, severities, unknown), CHECKS)
