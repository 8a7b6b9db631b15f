"""What a person at a terminal sees of a drift: what got worse first, then tables of a few rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from checks.drift.comparison import Drift
from reports.drift.view import DriftView, TableView, drift_view

_UNBOUND = 200
"""Columns of a table that goes to a file or a pipe, where there is no edge to fold at."""

SHOWN = 12
"""Rows of a table at a terminal; the files have them all."""

_STYLES = {
    "regressed": "bold red",
    "new": "red",
    "revealed": "red",
    "waiver gone": "red",
    "widened": "bold red",
    "opened": "bold red",
    "no longer denied": "bold red",
    "failed": "red",
    "newly unknown": "magenta",
    "not read now": "magenta",
    "fixed": "green",
    "narrowed": "green",
    "closed": "green",
    "expired": "yellow",
}

Row = Mapping[str, str]
Columns = Mapping[str, Callable[[Row], str]]


def show_drift(drift: Drift, out: Console) -> None:
    """Print the drift; a drift that is empty takes one line."""
    view = drift_view(drift, SHOWN)
    for side in view.sides:
        counts = ", ".join(f"{count:,} {name}" for name, count in side.counts.items())
        out.print(Text(f"{side.role.capitalize()}: {side.name} ({side.told}): {counts}"), soft_wrap=True)
    style = "bold red" if view.is_regression else "bold magenta" if view.is_unsure else "bold green"
    out.print(Text(view.headline, style=style), soft_wrap=True)
    for note in view.notes:
        out.print(Text(f"Note: {note}", style="yellow"), soft_wrap=True)
    if view.classes:
        counted = ", ".join(f"{count:,} {name}" for name, count, _ in view.classes)
        out.print(Text(f"Findings: {counted}."), soft_wrap=True)
    _show_tables(view, out)


def _show_tables(view: DriftView, out: Console) -> None:
    _show("Findings", view.findings, _FINDINGS, out)
    _show("What can be reached", view.reach, _REACH, out)
    _show("Outbound rules", view.rules, _RULES, out)
    _show("Workspaces", view.workspaces, _WORKSPACES, out)
    _show("Waivers", view.waivers, _WAIVERS, out)


def _show(title: str, rows: TableView, columns: Columns, out: Console) -> None:
    if not rows.total:
        return
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows.rows:
        word = row.get("effect") or row["change"]
        told = [Text(word, style=_STYLES.get(word, ""))]
        table.add_row(*told, *(Text(text(row)) for name, text in columns.items() if name != "Change"))
    out.print()
    _unfolded(out).print(table)
    if rows.rest:
        out.print(Text(f"… and {rows.rest:,} more in {rows.path}.", style="yellow"))


def _unfolded(out: Console) -> Console:
    """A console for tables: wide where nobody's terminal folds the lines."""
    if out.is_terminal:
        return out
    return Console(file=out.file, width=max(out.width, _UNBOUND), highlight=False)


def _said(name: str) -> Callable[[Row], str]:
    return lambda row: row[name]


def _turned(old: str, new: str) -> Callable[[Row], str]:
    return lambda row: f"{row[old] or '–'} → {row[new] or '–'}"


def _resource(row: Row) -> str:
    if row["resource_id"].lower() == row["workspace_id"].lower():
        return row["workspace"] or row["workspace_id"]
    return f"{row['workspace']} / {row['resource_id'].rpartition('/')[2]}"


def _beside(row: Row) -> str:
    return f"before: {row['before']}" if row["before"] else f"still: {row['after']}" if row["after"] else ""


_FINDINGS: Columns = {
    "Change": _said("change"),
    "Severity": _said("severity"),
    "Check": _said("check_id"),
    "Resource": _resource,
    "Status": _turned("old_status", "new_status"),
    "Reason": lambda row: row["why"] if row["why"] and not row["new_status"] else row["reason"] or row["why"],
}
_REACH: Columns = {
    "Change": _said("change"),
    "Workspace": _said("workspace"),
    "Destination": _said("destination"),
    "Of it": _beside,
}
_RULES: Columns = {
    "Change": _said("change"),
    "Workspace": _said("workspace"),
    "Rule": _said("rule"),
    "Destination": lambda row: " → ".join(dict.fromkeys(each for each in (row["old"], row["new"]) if each)),
    "Details": _said("details"),
}
_WORKSPACES: Columns = {
    "Change": _said("change"),
    "Workspace": _said("workspace"),
    "What": lambda row: row["column"].replace("_", " "),
    "Value": lambda row: _turned("old", "new")(row) if row["column"] else "",
    "Why": _said("why"),
}
_WAIVERS: Columns = {
    "Change": _said("change"),
    "Policy": _said("policy"),
    "Of": _said("check"),
    "For": lambda row: row["resource"] or row["where"],
    "Until": _said("expires"),
    "Details": lambda row: row["details"] or row["reason"],
}
