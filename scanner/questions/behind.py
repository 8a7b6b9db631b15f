"""The resources behind a workspace: storage account, key vault and container registry, each with its own lock."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.drift.model import Snapshot, records, texts
from scanner.questions.asked import DEPENDENCIES, asked

_CLOSED = "closed"
_OBSERVED = re.compile(
    r"publicNetworkAccess (?P<access>[^,]*)(?:, defaultAction (?P<action>[^,]*))?"
    r"(?:, which allows)?(?:, perimeter (?P<perimeter>.*))?"
)


def behind(audit: Snapshot, key: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return each kind of dependency with its lines: the name of each resource and how it is locked.

    A Project has the dependencies of its hub. Nothing is returned if no policy asked about any of them.
    """
    chosen = asked(audit)
    if not chosen & DEPENDENCIES.keys():
        return ()
    owner = audit.workspace_rows[key]["hub_resource_id"].lower() or key
    found = audit.findings
    rows = records(found[found["check_id"].isin(DEPENDENCIES)].apply(texts))
    judged = [row for row in rows if row["status"] != "not-applicable"]
    own = [row for row in judged if row["workspace_id"].lower() == owner] or [
        row for row in judged if row["workspace_id"].lower() == key
    ]
    return tuple(
        (
            kind,
            tuple(_lines([row for row in own if row["check_id"] == check_id]))
            or (("none",) if check_id in chosen else ("not asked",)),
        )
        for check_id, kind in DEPENDENCIES.items()
    )


def _lines(rows: list[dict[str, str]]) -> Iterator[str]:
    seen = set()
    for row in rows:
        name = row["resource_id"].rstrip("/").rpartition("/")[2]
        if row["resource_id"].lower() == row["workspace_id"].lower():
            yield "? not read"
        elif name not in seen:
            yield from (name, *_lock(row))
        seen.add(name)


def _lock(row: dict[str, str]) -> Iterator[str]:
    """Yield the lock: its own, then that of a perimeter. "! " is before what the check fails, "? " before unknown."""
    found = _OBSERVED.fullmatch(row["observed"])
    if found is None:
        yield f"? {row['observed'] or 'not reported'}"
        return
    sign = {"fail": "! ", "pass": ""}.get(row["status"], "? ")
    own = _own_lock(found["access"], found["action"] or "")
    if found["perimeter"]:
        yield f"{'' if own == _CLOSED else sign}{own}"
        yield f"{sign}perimeter {found['perimeter']}"
    else:
        yield f"{sign}{own}"


def _own_lock(access: str, action: str) -> str:
    if access.lower() == "disabled":
        return _CLOSED
    if access.lower() == "securedbyperimeter":
        return "by perimeter"
    if access.lower() == "enabled":
        return "selected networks" if action.lower() == "deny" else "open"
    return f"access {access}"
