"""`report.oscal-plan.json`: the OSCAL assessment plan, and the parts it shares with the results.

Each check is an objective. `oscal.py` writes the results, which import the plan.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from checks.engine.finding_ids import stable_uuid
from checks.model import Check
from reports.audit import Audit
from reports.origin import moment, origin

OSCAL_VERSION = "1.1.3"
_NIST = "NIST SP 800-53 r5"
_NOT_IN_A_TOKEN = re.compile(r"[^A-Za-z0-9.\-]+")


def metadata(audit: Audit, title: str) -> dict[str, Any]:
    """Return the metadata of a document. `version` is the time of the audit."""
    return {
        "title": title if audit.is_azure else f"{title} (not Azure)",
        "last-modified": moment(audit.finished_at),
        "version": moment(audit.started_at),
        "oscal-version": OSCAL_VERSION,
        "remarks": f"Written by azml-audit {audit.tool_version}. {origin(audit)}",
    }


def plan(audit: Audit) -> dict[str, Any]:
    """Return the plan: run every check of every policy, read-only."""
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
                "description": "Every Azure Machine Learning workspace that the identity can read, and its parts.",
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
                    "description": "azml-audit reads Azure Resource Manager and has no system security plan. "
                    "If you have one, replace this resource by a link to it.",
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


def objective(check_id: str) -> str:
    """Return the id of the check as an objective: azml-audit_NET001."""
    return f"azml-audit_{check_id}"


def control_id(framework: str, control: str) -> str:
    """Return the control as an OSCAL token.

    A control of NIST SP 800-53 is written as in NIST's OSCAL catalog (`sc-7.3` for SC-7(3)). Other
    frameworks have no OSCAL catalog, so their name is part of the token: `PCI-DSS-4_1.4.4`.
    """
    if framework == _NIST:
        return re.sub(r"\((\d+)\)", r".\1", control.lower())
    named = "_".join(_NOT_IN_A_TOKEN.sub("-", word).strip("-") for word in (framework, control))
    return named if named[:1].isalpha() else f"_{named}"


def reviewed_controls(checks: Iterable[Check]) -> dict[str, Any]:
    """Return one selection with the checks, then one for each framework that they are mapped to."""
    asked = list(checks)
    by_framework: dict[str, set[str]] = {}
    for check in asked:
        for framework, controls in check.controls.items():
            by_framework.setdefault(framework, set()).update(control_id(framework, each) for each in controls)
    own = _selection("The checks of azml-audit", {objective(check.id) for check in asked})
    return {
        "control-selections": [own, *(_selection(*each) for each in sorted(by_framework.items()))],
        **({"control-objective-selections": [_objectives(asked)]} if asked else {}),
    }


def _selection(description: str, ids: set[str]) -> dict[str, Any]:
    included = [{"control-id": each} for each in sorted(ids)]
    return {"description": description, **({"include-controls": included} if included else {})}


def _objectives(checks: list[Check]) -> dict[str, Any]:
    ids = sorted(objective(check.id) for check in checks)
    return {
        "description": "Each check is an objective.",
        "include-objectives": [{"objective-id": each} for each in ids],
    }
