"""Make of an audit what it contributes to the index of an archive."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from checks.engine.finding_ids import finding_ids
from checks.frames import pd
from checks.model import Status
from checks.severity import Verdict
from reports.audit import Audit
from reports.page.fleet_view import destinations
from reports.page.networks import AZURE, fleet
from reports.tables.population import in_scope
from scanner.archive.index import Violation

EVERY_CHECK = "*"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """The part of a run's index line that does not depend on its place in the chain."""

    fixed: Mapping[str, object]
    violations: Mapping[str, Violation]
    settled: frozenset[str]
    """The ids of findings that are known to be no violation now."""
    subscriptions_read: frozenset[str]
    unsure: Mapping[str, frozenset[str]]
    """By workspace the checks that have an unknown finding there: a violation that they lack may still be open.

    `EVERY_CHECK` is the entry of a workspace that a rule of the scope leaves out.
    """
    destinations: tuple[str, ...]
    """The destinations that the outbound rules of customers open."""

    def is_closed(self, violation: Violation) -> bool:
        """Return whether a violation that was open is known to be none now."""
        if violation.id in self.violations:
            return False
        if violation.id in self.settled:
            return True
        is_read = violation.subscription in self.subscriptions_read
        return is_read and is_decided(violation, self.unsure)


def is_decided(violation: Violation, unsure: Mapping[str, frozenset[str]]) -> bool:
    """Return whether a run with these undecided checks decided about the violation."""
    return not {violation.check, EVERY_CHECK} & unsure.get(violation.workspace, frozenset())


def scope_digest(scope: Mapping[str, object]) -> str:
    """Return the digest of a scope."""
    return sha256(json.dumps(scope, sort_keys=True, default=list).encode()).hexdigest()


def line_of(audit: Audit, *, scope: str, exit_code: int) -> Draft:
    """Return what the audit contributes to the index."""
    found = audit.findings
    distinct = found.assign(id=finding_ids(found)) if len(found) else found.assign(id="")
    violated = distinct[distinct["verdict"].eq(Verdict.VIOLATED.value)].drop_duplicates("id")
    violations = {each.id: each for each in _violations(violated)}
    is_settled = distinct["status"].isin([Status.PASS.value, Status.NOT_APPLICABLE.value])
    tables = audit.tables
    is_read = tables.subscriptions["read"].fillna(value=False).astype(bool)
    read = tables.subscriptions["subscription_id"].astype("string").str.lower()[is_read]
    unsure = distinct[distinct["status"].isin([Status.UNKNOWN.value, Status.ERROR.value])]
    fixed = {
        "run": f"{audit.finished_at:%Y/%m/%d/%H%M%SZ}-{audit.root_digest[:8]}",
        "started_at": audit.started_at,
        "finished_at": audit.finished_at,
        "tool_version": audit.tool_version,
        "scope": scope,
        "policies": {verdict.policy: verdict.digest for verdict in audit.verdicts},
        "exit_code": exit_code,
        "verdicts": {verdict.policy: verdict.verdict.value for verdict in audit.verdicts},
        "coverage": {
            "subscriptions": len(in_scope(tables.subscriptions)),
            "subscriptions_read": int(is_read.sum()),
            "workspaces": len(in_scope(tables.workspaces)),
            "gaps": len(tables.gaps),
        },
        "violations": _counts(violated["severity"]),
        "by_check": _counts(violated["check_id"]),
        "unknown": int(unsure["id"].nunique()),
        "files": {},
        "root": audit.root_digest,
    }
    return Draft(
        fixed=fixed,
        violations=violations,
        settled=frozenset(distinct["id"][is_settled].astype(str)) - set(violations),
        subscriptions_read=frozenset(read),
        unsure=_unsure(unsure) | dict.fromkeys(tables.left_out.index, frozenset({EVERY_CHECK})),
        destinations=_destinations(audit),
    )


def _unsure(found: pd.DataFrame) -> dict[str, frozenset[str]]:
    checks: defaultdict[str, set[str]] = defaultdict(set)
    for check, workspace in zip(found["check_id"].astype(str), _workspaces(found), strict=True):
        checks[workspace].add(check)
    return {workspace: frozenset(names) for workspace, names in checks.items()}


def _destinations(audit: Audit) -> tuple[str, ...]:
    opened = destinations(audit, fleet(audit.tables))
    return tuple(sorted({row.text for row in opened if row.kind != AZURE}))


def _violations(found: pd.DataFrame) -> list[Violation]:
    columns = found[["id", "check_id", "severity", "resource_id"]].astype("string").fillna("")
    return [
        Violation(id=id, check=check, severity=severity, workspace=workspace, resource=resource)
        for (id, check, severity, resource), workspace in zip(
            columns.itertuples(index=False, name=None), _workspaces(found), strict=True
        )
    ]


def _workspaces(found: pd.DataFrame) -> list[str]:
    named = found["workspace_id"].astype("string").fillna("")
    resources = found["resource_id"].astype("string").fillna("")
    return named.where(named.ne(""), resources).str.lower().tolist()


def _counts(column: pd.Series) -> dict[str, int]:
    return {
        str(name): int(count) for name, count in column.astype("string").value_counts().sort_index().items()
    }
