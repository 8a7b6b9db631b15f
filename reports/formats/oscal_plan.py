"""`report.oscal-plan.json`: the OSCAL assessment plan that the results import."""

from __future__ import annotations

from typing import Any

from checks.engine.finding_ids import stable_uuid
from checks.model import Check
from reports.audit import Audit
from reports.formats.oscal_controls import objective, reviewed_controls
from reports.origin import moment, origin

OSCAL_VERSION = "1.1.3"


def metadata(audit: Audit, title: str) -> dict[str, Any]:
    """The metadata of both documents; `version` is the moment of the audit."""
    return {
        "title": title if audit.is_azure else f"{title} (not Azure)",
        "last-modified": moment(audit.finished_at),
        "version": moment(audit.started_at),
        "oscal-version": OSCAL_VERSION,
        "remarks": f"Written by azml-audit {audit.tool_version}. {origin(audit)}",
    }


def plan(audit: Audit) -> dict[str, Any]:
    """What was going to be assessed: every check of every policy, by reading alone."""
    started = moment(audit.started_at)
    checks = [check for _, check in sorted(audit.checks.items())]
    system = stable_uuid("oscal", "system")
    activities = [_activity(started, check) for check in checks]
    policies = ", ".join(verdict.policy for verdict in audit.verdicts) or "none"
    return {
        "uuid": stable_uuid("oscal", started, "plan"),
        "metadata": metadata(audit, "Assessment plan of azml-audit"),
        "import-ssp": {"href": f"#{system}"},
        **({"local-definitions": {"activities": activities}} if activities else {}),
        "reviewed-controls": reviewed_controls(checks),
        "assessment-subjects": [
            {
                "type": "inventory-item",
                "description": "Every Azure Machine Learning workspace the identity can see, and its parts.",
                "include-all": {},
            }
        ],
        "tasks": [
            {
                "uuid": stable_uuid("oscal", started, "task"),
                "type": "action",
                "title": "Read every workspace in scope and judge it",
                "description": f"Policies: {policies}.",
                "timing": {"within-date-range": {"start": started, "end": moment(audit.finished_at)}},
            }
        ],
        "back-matter": {
            "resources": [
                {
                    "uuid": system,
                    "title": "No system security plan",
                    "description": "azml-audit reads Azure Resource Manager; it knows of no system security "
                    "plan. Whoever has one replaces this resource by a link to it.",
                }
            ]
        },
    }


def _activity(started: str, check: Check) -> dict[str, Any]:
    return {
        "uuid": stable_uuid("oscal", started, "activity", check.id),
        "title": f"{check.id}: {check.title}",
        "description": check.rationale or check.title,
        "props": [{"name": "method", "value": "TEST"}],
        "related-controls": {
            "control-selections": [{"include-controls": [{"control-id": objective(check.id)}]}]
        },
    }
