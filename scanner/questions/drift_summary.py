"""Print a drift on the terminal: the counts and what got worse, then tables of a few rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rich.console import Console
from rich.text import Text

from checks.counting import counted
from checks.drift.model import Drift, TextRow
from reports.drift.view import DriftView, TableView, drift_view
from scanner.terminal import HarmlessConsole, print_line, table

_UNBOUND = 200
"""The width of tables in a file or a pipe, which have no edge to fold at."""

SHOWN = 12
"""Rows of a table on the terminal; the files list all."""

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

Columns = Mapping[str, Callable[[TextRow], str]]


def show_drift(drift: Drift, out: Console) -> None:
    """Print the drift."""
    view = drift_view(drift, SHOWN)
    for side in view.sides:
        counts = ", ".join(counted(count, noun) for noun, count in side.counts.items())
        print_line(out, f"{side.role.capitalize()}: {side.name} ({side.origin}): {counts}")
    style = "bold red" if view.is_regression else "bold magenta" if view.is_unsure else "bold green"
    print_line(out, view.headline, style)
    for note in view.notes:
        print_line(out, f"Note: {note}", "yellow")
    if view.classes:
        classes = ", ".join(f"{count:,} {name}" for name, count, _ in view.classes)
        print_line(out, f"Findings: {classes}.")
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
    listed = table(*columns)
    listed.title, listed.title_justify = title, "left"
    for row in rows.rows:
        word = row.get("effect") or row["change"]
        change = Text(word, style=_STYLES.get(word, ""))
        listed.add_row(change, *(Text(text(row)) for name, text in columns.items() if name != "Change"))
    out.print()
    _unfolded(out).print(listed)
    if rows.rest:
        out.print(Text(f"… and {rows.rest:,} more in {rows.path}.", style="yellow"))


def _unfolded(out: Console) -> Console:
    """Return a console for tables: a wide one if `out` is not a terminal."""
    if out.is_terminal:
        return out
    return HarmlessConsole(file=out.file, width=max(out.width, _UNBOUND), highlight=False)


def _value(name: str) -> Callable[[TextRow], str]:
    return lambda row: row[name]


def _change(old: str, new: str) -> Callable[[TextRow], str]:
    return lambda row: f"{row[old] or '–'} → {row[new] or '–'}"


def _resource(row: TextRow) -> str:
    if row["resource_id"].lower() == row["workspace_id"].lower():
        return row["workspace"] or row["workspace_id"]
    return f"{row['workspace']} / {row['resource_id'].rpartition('/')[2]}"


def _beside(row: TextRow) -> str:
    return f"before: {row['before']}" if row["before"] else f"still: {row['after']}" if row["after"] else ""


_FINDINGS: Columns = {
    "Change": _value("change"),
    "Severity": _value("severity"),
    "Check": _value("check_id"),
    "Resource": _resource,
    "Status": _change("old_status", "new_status"),
    "Reason": lambda row: row["why"] if row["why"] and not row["new_status"] else row["reason"] or row["why"],
}
_REACH: Columns = {
    "Change": _value("change"),
    "Workspace": _value("workspace"),
    "Destination": _value("destination"),
    "Of it": _beside,
}
_RULES: Columns = {
    "Change": _value("change"),
    "Workspace": _value("workspace"),
    "Rule": _value("rule"),
    "Destination": lambda row: " → ".join(dict.fromkeys(each for each in (row["old"], row["new"]) if each)),
    "Details": _value("details"),
}
_WORKSPACES: Columns = {
    "Change": _value("change"),
    "Workspace": _value("workspace"),
    "What": lambda row: row["column"].replace("_", " "),
    "Value": lambda row: _change("old", "new")(row) if row["column"] else "",
    "Why": _value("why"),
}
_WAIVERS: Columns = {
    "Change": _value("change"),
    "Policy": _value("policy"),
    "Of": _value("check"),
    "For": lambda row: row["resource"] or row["where"],
    "Until": _value("expires"),
    "Details": lambda row: row["details"] or row["reason"],
}
