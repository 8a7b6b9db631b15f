"""The generated documents. `make docs` writes them; a test compares them with the committed files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from checks.documentation import catalogue, controls, overview
from checks.policy.reference import reference
from checks.registry import BUILT_IN
from reports.drift.columns import DRIFT_FILES
from reports.drift.view import MEANINGS
from reports.tables.columns import FILES
from reports.tables.data_package import markdown, sections
from scanner.doctor.permissions_page import permissions_page

_BEGIN = "<!-- written by make docs: {name} -->"
_END = "<!-- end of {name} -->"


def documents(root: Path) -> Mapping[str, str]:
    """Return the text of every generated document by its path below the project's root."""
    readme = (root / "README.md").read_text(encoding="utf-8")
    return {
        "docs/checks.md": catalogue(BUILT_IN),
        "docs/controls.md": controls(BUILT_IN),
        "docs/policy.md": reference({check.id: check for check in BUILT_IN}),
        "docs/permissions.md": permissions_page({check.id: check for check in BUILT_IN}),
        "docs/csv.md": f"# The CSV files\n\nWritten by `make docs`; do not edit it by hand. {markdown()}",
        "docs/drift.md": _filled(
            (root / "docs/drift.md").read_text(encoding="utf-8"),
            {"drift classes": _classes(), "drift files": "\n".join(sections(DRIFT_FILES))},
        ),
        "README.md": _filled(readme, {"checks": overview(BUILT_IN), "csv": _files()}),
    }


def _files() -> str:
    rows = [
        f"| `{file.path}` | {file.row} | {', '.join(column.name for column in file.columns)} |"
        for file in FILES
    ]
    return "\n".join(["| file | a row is | columns |", "| --- | --- | --- |", *rows])


def _classes() -> str:
    rows = [f"| {name} | {meaning} |" for name, meaning in MEANINGS.items()]
    return "\n".join(["| class | the finding |", "| --- | --- |", *rows])


def _filled(text: str, parts: Mapping[str, str]) -> str:
    """Return the text with new content between the markers of each part."""
    for name, part in parts.items():
        begin, end = _BEGIN.format(name=name), _END.format(name=name)
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}\n{part}\n{end}{after}"
    return text


def main() -> None:
    """Write every document, from the project's root."""
    root = Path(__file__).parents[1]
    for name, text in documents(root).items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
