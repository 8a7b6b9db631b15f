"""The formats of a report: their names, and the module of each. The command line lists them without an import."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from checks.suggestions import did_you_mean
from reports.errors import ReportError

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


def chosen(words: Iterable[str]) -> tuple[str, ...]:
    """Return the formats named by words such as `html,csv`, each once; DEFAULT without a word.

    Commands call it before a scan, which can take an hour. Raises ReportError for an unknown format.
    """
    listed = list(words)
    names = [name.strip().lower() for word in listed for name in word.split(",")]
    unknown = [name for name in names if name not in MODULES]
    if unknown:
        hint = did_you_mean(unknown[0], MODULES)
        raise ReportError(f"There is no format {unknown[0]!r}. {hint}Formats: {', '.join(MODULES)}.")
    return tuple(dict.fromkeys(names)) if listed else DEFAULT
