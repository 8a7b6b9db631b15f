"""The formats a report comes in. To add one, write a renderer and name it here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from reports import (
    csv_files,
    drift_files,
    html_page,
    json_file,
    junit,
    markdown_summary,
    ocsf,
    oscal,
    sarif,
    xlsx,
)
from reports.audit import Audit
from reports.errors import ReportError

Renderer = Callable[[Audit], Mapping[str, bytes]]
"""One format: an audit turned into files, by their name relative to the report's folder."""

RENDERERS: Mapping[str, Renderer] = {
    "html": html_page.files,
    "csv": csv_files.files,
    "json": json_file.files,
    "sarif": sarif.files,
    "ocsf": ocsf.files,
    "oscal": oscal.files,
    "junit": junit.files,
    "markdown": markdown_summary.files,
    "xlsx": xlsx.files,
}

DEFAULT_FORMATS = ("html", "csv")


def chosen(words: Iterable[str]) -> tuple[str, ...]:
    """The formats named by words such as `html,csv`, each once; DEFAULT_FORMATS where there is no word.

    Worth asking before a scan of an hour. Raises ReportError for a format there is not.
    """
    listed = list(words)
    names = [name.strip().lower() for word in listed for name in word.split(",")]
    unknown = [name for name in names if name not in RENDERERS]
    if unknown:
        raise ReportError(
            f"There is no format {', '.join(repr(name) for name in unknown)}; there are "
            f"{', '.join(RENDERERS)}. Name them as in --format html,csv,sarif."
        )
    return tuple(dict.fromkeys(names)) if listed else DEFAULT_FORMATS


def rendered(audit: Audit, formats: Iterable[str]) -> dict[str, bytes]:
    """The files of all the formats, by name, and those of the drift where there is one.

    Raises ReportError for a format there is not.
    """
    names = chosen(formats)
    files: dict[str, bytes] = {}
    for name in names:
        files |= RENDERERS[name](audit)
    return {**files, **(drift_files.beside(audit.drift, names) if audit.drift else {})}
