"""The page of a trend, which `history trend` writes."""

from __future__ import annotations

from collections.abc import Sequence

from reports.page.environment import content_security_policy, environment
from reports.page.trend_chart import chart
from scanner.history.trend import SEVERITIES, Trend
from scanner.version import VERSION


def page(trends: Sequence[Trend]) -> str:
    """Return the page of all series, the last first."""
    templates = environment()
    style = templates.get_template("style/report.css").render()
    return templates.get_template("history.html").render(
        policy=content_security_policy(style, ""),
        tool_version=VERSION,
        trends=[(each, chart(each.points)) for each in trends],
        severities=SEVERITIES,
    )
