"""The page of a report: one file that loads nothing else, rendered from `templates/report.html`."""

from __future__ import annotations

from collections.abc import Iterator

from reports.audit import Audit
from reports.drift.view import drift_view
from reports.page.details import details, details_json
from reports.page.environment import content_security_policy, environment
from reports.page.heat_map import heat_maps
from reports.page.policy_cards import policy_cards, score_explanation
from reports.page.tallies import counted_findings
from reports.page.workspace_rows import NOT_REPORTED, stray_findings, workspace_frame, workspace_rows
from reports.statuses import SEVERITY_ORDER, STATUS_ORDER, VERDICT_ORDER
from reports.tables.population import gap_rows, population
from reports.writing.encoding import Files, chunks, escaped

NAME = "report.html"


def files(audit: Audit) -> Files:
    """Return the page, by its name in the report's folder. A lone surrogate is written as its escape."""
    return {NAME: chunks(_pieces(audit), escaped)}


def _pieces(audit: Audit) -> Iterator[str]:
    templates = environment()
    style, script = (templates.get_template(name).render() for name in ("report.css", "report.js"))
    counted = counted_findings(audit)
    frame = workspace_frame(audit, counted)
    yield from templates.get_template(NAME).generate(
        policy=content_security_policy(style, script),
        audit=audit,
        checks=[audit.checks[id] for id in sorted(audit.checks)],
        population=population(audit.tables),
        gaps=gap_rows(audit.tables),
        cards=policy_cards(audit),
        heat_maps=heat_maps(audit, counted),
        severities=SEVERITY_ORDER,
        statuses=[status.value for status in STATUS_ORDER],
        verdicts=[verdict.value for verdict in VERDICT_ORDER if len(audit.findings)],
        score_explanation=score_explanation(),
        rows=workspace_rows(audit, frame, counted),
        modes=[mode or NOT_REPORTED for mode in frame["effective_isolation_mode"].fillna("").unique()],
        strays=stray_findings(audit),
        details=details_json(details(audit, frame)),
        drift=drift_view(audit.drift) if audit.drift else None,
    )
