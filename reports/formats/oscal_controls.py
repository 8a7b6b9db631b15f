"""The checks of a policy as OSCAL's objectives, and the controls of frameworks they speak to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from checks.model import Check

_NIST = "NIST SP 800-53 r5"
_NOT_IN_A_TOKEN = re.compile(r"[^A-Za-z0-9.\-]+")


def objective(check_id: str) -> str:
    """The check as an objective: azml-audit_NET001."""
    return f"azml-audit_{check_id}"


def control_id(framework: str, control: str) -> str:
    """The control as a token.

    Those of NIST SP 800-53 are written as NIST's own OSCAL catalog writes them (`sc-7.3` for SC-7(3));
    others have no catalog in OSCAL and carry their framework: `PCI-DSS-4_1.4.4`.
    """
    if framework == _NIST:
        return re.sub(r"\((\d+)\)", r".\1", control.lower())
    named = "_".join(_NOT_IN_A_TOKEN.sub("-", word).strip("-") for word in (framework, control))
    return named if named[:1].isalpha() else f"_{named}"


def reviewed_controls(checks: Iterable[Check]) -> dict[str, Any]:
    """One selection of the checks themselves, then one for each framework they are mapped to."""
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
