"""The page of a drift alone, rendered from `templates/drift.html`. It has no script."""

from __future__ import annotations

from checks.drift.model import Drift
from reports.drift.view import drift_view
from reports.page.environment import content_security_policy, environment
from reports.writing.encoding import Files, chunks, escaped

NAME = "drift.html"


def files(drift: Drift, tool_version: str) -> Files:
    """Return the page, by its name. A lone surrogate is written as its escape."""
    templates = environment()
    style = templates.get_template("style/report.css").render()
    pieces = templates.get_template(NAME).generate(
        policy=content_security_policy(style, ""),
        tool_version=tool_version,
        is_azure=all(side.of_audit("is_azure").lower() != "false" for side in (drift.old, drift.new)),
        drift=drift_view(drift),
    )
    return {NAME: chunks(pieces, escaped)}
