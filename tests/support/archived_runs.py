"""Lines of an index from the states of invented violations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from scanner.archive.following import chained
from scanner.archive.index import Run, Violation, runs_in
from scanner.archive.lines import EVERY_CHECK, Draft

FIRST = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
OPEN, NONE, UNDECIDED, UNREAD, LEFT_OUT = "open", "none", "undecided", "unread", "left out"
IDS = ("a", "b", "c")


def violation(id: str) -> Violation:
    """Each has a subscription, a workspace and a check of its own."""
    workspace = f"/subscriptions/{id}/workspaces/w"
    return Violation(id=id, check=f"CHECK{id}", severity="high", workspace=workspace, resource=workspace)


def draft(number: int, states: dict[str, str], destinations: Sequence[str] = (), gaps: int = 0) -> Draft:
    violations = {id: violation(id) for id, state in states.items() if state == OPEN}
    unsure = [violation(id) for id, state in states.items() if state == UNDECIDED]
    moment = FIRST + timedelta(days=number)
    return Draft(
        fixed={
            "run": f"run{number}",
            "started_at": moment,
            "finished_at": moment,
            "tool_version": "1",
            "scope": "s",
            "policies": {"p": "d"},
            "exit_code": 1,
            "verdicts": {},
            "coverage": {
                "subscriptions": 3,
                "subscriptions_read": 3,
                "workspaces": 3,
                "gaps": gaps or len(unsure) + list(states.values()).count(UNREAD),
            },
            "violations": {"high": len(violations)},
            "by_check": {},
            "unknown": len(unsure),
            "files": {},
            "root": f"root{number}",
        },
        violations=violations,
        settled=frozenset(),
        subscriptions_read=frozenset(id for id, state in states.items() if state != UNREAD),
        unsure={each.workspace: frozenset({each.check}) for each in unsure}
        | {
            violation(id).workspace: frozenset({EVERY_CHECK})
            for id, each in states.items()
            if each == LEFT_OUT
        },
        destinations=tuple(destinations),
    )


def archived(drafts: Sequence[Draft]) -> list[Run]:
    """Chain the drafts, through the bytes of the index."""
    index = b""
    for each in drafts:
        index += chained(each, runs_in(index, "")).model_dump_json().encode() + b"\n"
    return runs_in(index, "")
