"""The page: one file that asks nothing of anybody, rendered from `templates/report.html`."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from checks.model import Severity
from reports.audit import Audit
from reports.drift.view import drift_view
from reports.page import json_text
from reports.page.details import details
from reports.page.findings import STATUS_ORDER, VERDICT_ORDER
from reports.page.heat_map import heat_maps
from reports.page.policy_cards import policy_cards, score_explanation
from reports.page.tallies import counted_findings
from reports.page.workspace_table import NOT_REPORTED, stray_findings, workspace_frame, workspace_rows
from reports.tables.population import gap_rows, population
from reports.writing.encoding import Files, chunks, escaped

NAME = "report.html"


def files(audit: Audit) -> Files:
    """The page, by its name in the report's folder. A lone surrogate is written as its escape."""
    return {NAME: chunks(_pieces(audit), escaped)}


def _pieces(audit: Audit) -> Iterator[str]:
    environment = templates()
    style, script = (environment.get_template(name).render() for name in ("report.css", "report.js"))
    counted = counted_findings(audit)
    frame = workspace_frame(audit, counted)
    yield from environment.get_template(NAME).generate(
        policy=content_security_policy(style, script),
        audit=audit,
        checks=[audit.checks[id] for id in sorted(audit.checks)],
        population=population(audit.tables),
        gaps=gap_rows(audit.tables),
        cards=policy_cards(audit),
        heat_maps=heat_maps(audit, counted),
        severities=[severity.value for severity in Severity],
        statuses=[status.value for status in STATUS_ORDER],
        verdicts=[verdict.value for verdict in VERDICT_ORDER if len(audit.findings)],
        score_explanation=score_explanation(),
        rows=workspace_rows(audit, frame, counted),
        modes=[mode or NOT_REPORTED for mode in frame["effective_isolation_mode"].fillna("").unique()],
        strays=stray_findings(audit),
        details=json_text.pieces(details(audit, frame)),
        drift=drift_view(audit.drift) if audit.drift else None,
    )


def content_security_policy(style: str, script: str) -> str:
    """Nothing may run, style or load but these two texts."""
    return (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def templates() -> Environment:
    """The templates of every page, with escaping on and no variable that may be missing."""
    environment = Environment(
        loader=PackageLoader("templates", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"sort_keys": True, "separators": (",", ":")}
    environment.filters |= {"moment": _moment, "number": "{:,}".format}
    return environment


def _moment(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
