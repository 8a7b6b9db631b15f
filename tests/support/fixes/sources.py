"""What the texts of the fixes are compared with, by name and version, as the data files record it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.support.places import DATA

AI_ML = "1.35.2"
"""The version of azure-ai-ml whose bodies the page reports. A test compares it with the installed one."""


def sources() -> Mapping[str, str]:
    """Return the texts for the page."""
    az = _read("az_arguments.json")
    return {
        "ai_ml": AI_ML,
        "core": az["core"]["source"],
        "ml": az["ml"]["source"].partition(" manual/")[0],
        "bicep": _read("bicep_types.json")["source"],
        "providers": _read("provider_arguments.json")["source"],
    }


def _read(name: str) -> Any:
    return json.loads((DATA / "fixes" / name).read_text(encoding="utf-8"))
