"""The formats a report comes in. To add one, write a renderer and name it here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module

from checks.suggestions import did_you_mean
from reports.audit import Audit
from reports.errors import ReportError
from reports.writing.encoding import Files

Renderer = Callable[[Audit], Files]
"""One format: which files an audit becomes. What they hold is made while they are written, chunk by chunk."""


def _of(module: str) -> Renderer:
    """The renderer `files` of a module here, which is imported when it is first needed."""

    def files(audit: Audit) -> Files:
        written: Files = import_module(f"reports.{module}").files(audit)
        return written

    return files


_MODULES = {
    "html": "page.html_page",
    "csv": "tables.csv_text",
    "json": "formats.json_file",
    "sarif": "formats.sarif",
    "ocsf": "formats.ocsf",
    "oscal": "formats.oscal",
    "junit": "formats.junit",
    "markdown": "formats.markdown",
    "xlsx": "formats.xlsx",
}
RENDERERS: Mapping[str, Renderer] = {name: _of(module) for name, module in _MODULES.items()}

DEFAULT_FORMATS = ("html", "csv")


def chosen(words: Iterable[str]) -> tuple[str, ...]:
    """The formats named by words such as `html,csv`, each once; DEFAULT_FORMATS where there is no word.

    Worth asking before a scan of an hour. Raises ReportError for a format there is not.
    """
    listed = list(words)
    names = [name.strip().lower() for word in listed for name in word.split(",")]
    unknown = [name for name in names if name not in RENDERERS]
    if unknown:
        hint = did_you_mean(unknown[0], RENDERERS)
        raise ReportError(f"There is no format {unknown[0]!r}. {hint}Formats: {', '.join(RENDERERS)}.")
    return tuple(dict.fromkeys(names)) if listed else DEFAULT_FORMATS


def rendered(audit: Audit, formats: Iterable[str]) -> dict[str, Iterable[bytes]]:
    """The files of all the formats, by name, and those of the drift where there is one.

    Raises ReportError for a format there is not.
    """
    names = chosen(formats)
    files: dict[str, Iterable[bytes]] = {}
    for name in names:
        files |= RENDERERS[name](audit)
    if audit.drift:
        from reports.drift import files as drift_files

        files |= drift_files.beside(audit.drift, names)
    return files


def prepare(formats: Iterable[str]) -> None:
    """Import what `rendered` will need; worth doing in a thread while others wait for answers."""
    for name in chosen(formats):
        import_module(f"reports.{_MODULES[name]}")
