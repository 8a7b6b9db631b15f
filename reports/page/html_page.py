"""The page of a report: one file that loads nothing else, rendered from `templates/report.html`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from markupsafe import Markup

from checks.policy import score
from reports.audit import Audit
from reports.page.controls import check_results, frameworks
from reports.page.environment import content_security_policy, environment
from reports.page.facts import encoded, facts
from reports.page.fix_plan import fix_plan
from reports.page.fleet_view import INBOUND, MOST_DESTINATIONS, OUTBOUND, by_subscription, cells, destinations
from reports.page.gap_groups import gap_groups
from reports.page.head import claims, policy_lines, uncovered, ways_out
from reports.page.networks import fleet
from reports.page.tallies import counted_findings
from reports.page.violations import violations
from reports.page.workspace_rows import stray_findings, workspace_frame, workspace_rows
from reports.statuses import SEVERITY_ORDER
from reports.tables.population import gap_rows, population
from reports.writing.encoding import Files, chunks, escaped

if TYPE_CHECKING:
    from reports.drift.view import DriftView
    from reports.page.trend_chart import Chart

NAME = "report.html"
PLAIN_ROWS = 500
"""Up to this many workspaces the table is plain HTML; the script draws a longer one as far as it is visible."""
_SOMETIMES_NEEDED = frozenset(
    {"_chart.html", "_drift.html", "_trend.html", "drift.html", "history.css", "history.html"}
)
"""Templates of other pages, and of parts that need an earlier audit."""
MOST_RUNS = 30
"""The most runs that the table of the trend lists. The chart has all."""


def prepare() -> None:
    """Compile the templates that every page needs."""
    templates = environment()
    for name in templates.list_templates(filter_func=_is_always_needed):
        templates.get_template(name)


def _is_always_needed(name: str) -> bool:
    return name.endswith((".html", ".css", ".js")) and name not in _SOMETIMES_NEEDED


def files(audit: Audit) -> Files:
    """Return the page, by its name in the report's folder. A lone surrogate is written as its escape."""
    return {NAME: chunks(_pieces(audit), escaped)}


def _pieces(audit: Audit) -> Iterator[str]:
    templates = environment()
    style = templates.get_template("style/report.css").render()
    script = templates.get_template("script/report.js").render(plain_rows=PLAIN_ROWS)
    counted, network = counted_findings(audit), fleet(audit.tables)
    frame = workspace_frame(audit, counted, network)
    rows = tuple(workspace_rows(audit, frame, counted))
    judged = [row for row in rows if row.is_in_scope]
    read, results = population(audit.tables), check_results(audit)
    yield from templates.get_template(NAME).generate(
        policy=content_security_policy(style, script),
        script=Markup(script),  # noqa: S704 - a template of ours without any value
        audit=audit,
        claims=claims(audit),
        uncovered=uncovered(read),
        ways_out=ways_out(audit, network),
        policies=policy_lines(audit),
        population=read,
        plan=fix_plan(audit),
        inbound=INBOUND,
        outbound=OUTBOUND,
        cells=cells(judged),
        subscriptions=by_subscription(judged, read.subscriptions),
        destinations=destinations(audit, network),
        most_destinations=MOST_DESTINATIONS,
        rows=rows,
        plain_rows=PLAIN_ROWS,
        severities=SEVERITY_ORDER,
        frameworks=frameworks(results),
        checks=[results[id] for id in sorted(audit.checks)],
        gap_groups=gap_groups(gap_rows(audit.tables)),
        strays=stray_findings(audit),
        violations=violations(audit),
        score_explanation=[" ".join(part.split()) for part in (score.__doc__ or "").split("\n\n")],
        facts=encoded(facts(audit, frame, counted, network)),
        drift=_drift(audit),
        history=audit.history,
        chart=_chart(audit),
        most_runs=MOST_RUNS,
    )


def _drift(audit: Audit) -> DriftView | None:
    if audit.drift is None:
        return None
    from reports.drift.view import drift_view

    return drift_view(audit.drift)


def _chart(audit: Audit) -> Chart | None:
    if audit.history is None:
        return None
    from reports.page.trend_chart import chart

    return chart(audit.history.points)
