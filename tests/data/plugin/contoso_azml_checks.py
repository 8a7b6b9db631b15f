"""One check of a third party's: every workspace carries the tag `owner`."""

from __future__ import annotations

from checks.model import Answers, Params, Remediation, Severity, answer, check
from checks.schema import Tables


@check(
    id="CONTOSO001",
    title="The workspace has an owner",
    over="workspaces",
    severity=Severity.LOW,
    reads=(),
    remediation=Remediation(summary="Tag the workspace with its owner."),
)
def workspace_has_an_owner(tables: Tables, _params: Params) -> Answers:
    """A workspace without an owner stays as it is. Tags that were not reported are unknown."""
    tags = tables.workspaces["tags"]
    return answer(
        known=tags.notna(),
        passed=tags.str.contains('"owner"', regex=False),
        observed=tags,
        expected="a tag named owner",
        failed="There is no tag named owner.",
    )
