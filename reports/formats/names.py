"""The formats of a report: their names, and the module of each. The command line lists them without an import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MODULES: Final[Mapping[str, str]] = {
    "html": "page.html_page",
    "csv": "formats.csv_report",
    "json": "formats.json_file",
    "sarif": "formats.sarif",
    "ocsf": "formats.ocsf",
    "oscal": "formats.oscal",
    "junit": "formats.junit",
    "markdown": "formats.markdown",
    "xlsx": "formats.xlsx",
}
DEFAULT: Final = ("html", "csv")
