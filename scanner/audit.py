"""Collect, judge and conclude: the whole audit, without a terminal. The commands call it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, date, datetime

from checks.contract.tables import Tables
from checks.engine.asking import findings
from checks.engine.causes import with_causes
from checks.errors import AuditError
from checks.frames import pd
from checks.policy.composition import scoped
from checks.policy.judge import PolicyVerdict, concluded, idle_checks, judged
from checks.policy.selectors import unknown_groups, workspace_facts
from checks.policy.waivers import waived
from checks.severity import Severity, Verdict
from checks.vocabulary import stacked
from reports.audit import Audit
from reports.tables.population import in_scope
from scanner.choices import ExitCode
from scanner.payloads.answers import check_kept
from scanner.payloads.gaps import INTERNAL_ERROR
from scanner.payloads.payload import Gap, Payload, Source, Store
from scanner.policies import LoadedPolicy
from scanner.scope.wanted import Wanted
from scanner.tables.provenance import Traces
from scanner.tables.tabulate import Tabulation
from scanner.version import VERSION

_log = logging.getLogger("azml_audit.gaps")


async def collected(
    source: Source, store: Store | None, traces: Traces | None = None, wanted: Wanted | None = None
) -> Tables:
    """Return the tables of everything that the source yields, and keep its payloads in `store`.

    `traces` records which payload each row and each gap came from. `wanted` is the scope that the source was asked for.
    """
    tabulation = Tabulation(traces, wanted)

    def keep(item: Payload | Gap) -> None:
        check_kept(item)
        answer = item if isinstance(item, Payload) else item.answer
        if store is not None and answer is not None:
            store.append(answer)
        if isinstance(item, Gap):
            _log.info(
                "gap: %s of %s: %s: %s (request id %s)",
                item.asked,
                item.scope,
                item.code,
                item.message,
                item.request_id or "none",
            )
        tabulation.add(item)

    try:
        await source.read(keep)
    except BaseExceptionGroup as group:
        expected, _ = group.split(AuditError)
        if expected:
            raise _first(expected) from group
        raise
    return tabulation.finished()


def _first(group: BaseExceptionGroup[AuditError]) -> AuditError:
    """Return the first error of tasks that ran at the same time."""
    found: AuditError | BaseExceptionGroup[AuditError] = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found


def audited(
    tables: Tables,
    policies: Sequence[LoadedPolicy],
    *,
    fail_on: Severity | None = None,
    source: str,
    is_azure: bool,
    started_at: datetime,
    finished_at: datetime,
) -> Audit:
    """Judge the tables by every policy. Reports are written from the result and nothing else.

    `fail_on` overrides the policies. Waivers are judged as of the day (UTC) on which the audit started.
    """
    as_of = started_at.astimezone(UTC).date()
    conclusions = [_concluded(tables, policy, fail_on, as_of) for policy in policies]
    return Audit(
        tool_version=VERSION,
        source=source,
        is_azure=is_azure,
        started_at=started_at,
        finished_at=finished_at,
        tables=tables,
        findings=stacked([found for found, _ in conclusions]),
        verdicts=tuple(verdict for _, verdict in conclusions),
        checks={each.check.id: each.check for policy in policies for each in policy.checks},
    )


def _concluded(
    tables: Tables, policy: LoadedPolicy, fail_on: Severity | None, as_of: date
) -> tuple[pd.DataFrame, PolicyVerdict]:
    name, composition = policy.policy.name, policy.composition
    workspaces = workspace_facts(tables)
    every = judged(findings(tables, scoped(composition, tables)), name, unknown=composition.unknown)
    found = _of_scope(every, tables)
    result = waived(found, composition.waivers, workspaces, as_of)
    explained = with_causes(result.findings, {each.check.id: each.check for each in policy.checks})
    verdict = concluded(
        explained,
        policy=name,
        description=policy.policy.description,
        checks=tuple(each.check.id for each in policy.checks),
        fail_on=fail_on or composition.fail_on,
        complete=tables.gaps.empty,
        workspaces=len(in_scope(tables.workspaces)),
        idle=idle_checks(policy.checks),
        unknown=composition.unknown,
        expired_waivers=result.expired,
        orphan_waivers=result.orphans,
        unread_groups=unknown_groups(composition.management_groups, workspaces),
        waivers=result.applied,
        digest=composition.digest,
    )
    return explained, verdict


def _of_scope(findings: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Return the findings without those of hubs that the scope leaves out and that were read for their Projects."""
    hubs = tables.workspaces.index[tables.workspaces["left_out_by"].notna()]
    if hubs.empty:
        return findings
    owners = findings["workspace_id"].astype("string").str.lower()
    return findings[~owners.isin(hubs).fillna(value=False)].reset_index(drop=True)


def exit_code(audit: Audit) -> ExitCode:
    """Return 4 if a check or the reader crashed, else 1 if a policy is violated, else 3 if undetermined, else 0.

    A policy is violated if a violation reaches its threshold and has no waiver.
    """
    has_crashed = bool(audit.tables.gaps["code"].eq(INTERNAL_ERROR).any())
    if has_crashed or any(verdict.crashed for verdict in audit.verdicts):
        return ExitCode.INTERNAL
    verdicts = {verdict.verdict for verdict in audit.verdicts}
    if Verdict.VIOLATED in verdicts:
        return ExitCode.VIOLATED
    return ExitCode.INCOMPLETE if Verdict.UNDETERMINED in verdicts else ExitCode.SATISFIED
