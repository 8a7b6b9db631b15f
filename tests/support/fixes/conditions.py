"""Which alternatives of a printed text are for a failing resource, by their labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from tests.support.fixes.cases import Case, filled, start
from tests.support.fixes.commands.alternatives import labelled
from tests.support.fixes.values import isolation_mode, things_of
from tests.support.fixes.world.arm_world import ArmWorld

ELSEWHERE: Final = "Follow the az steps"
"""Begins the comment in a template whose alternative has no resources."""


def _is_empty(case: Case) -> bool:
    return not things_of(case, ArmWorld(start(case)).bodies())


def _has_no_endpoint(case: Case) -> bool:
    return not any("ENDPOINT" in each for each in things_of(case, ArmWorld(start(case)).bodies()))


def _is_on(case: Case) -> bool:
    return isolation_mode(case, ArmWorld(start(case)).bodies()) != "Disabled"


_EMPTY = "the workspace has no compute cluster, compute instance or managed online endpoint"
_HOLDS: Final[Mapping[str, Callable[[Case], bool]]] = {
    _EMPTY: _is_empty,
    f"the managed network is on, or {_EMPTY}": lambda case: _is_on(case) or _is_empty(case),
    "the managed network is on, in a mode that the policy allows": _is_on,
    "the managed network is off": lambda case: not _is_on(case),
    "the workspace has no managed online endpoint": _has_no_endpoint,
    "it has one": lambda case: not _has_no_endpoint(case),
}
"""The labels that the tenant can answer. Any other label is a choice of the reader."""


def applicable(case: Case, language: str) -> list[str]:
    """Return the alternatives that may be for the resource, without those that send the reader to another text."""
    return [
        text
        for label, text in labelled(filled(case)[language])
        if _holds(label, case) and not _is_pointer(label, text)
    ]


def _holds(label: str, case: Case) -> bool:
    return label not in _HOLDS or _HOLDS[label](case)


def _is_pointer(label: str, text: str) -> bool:
    """Whether the alternative consists of a comment that names the az steps. The first one has the others below it."""
    return (
        bool(label)
        and text.rstrip().splitlines()[-1].lstrip("#/ ").startswith(ELSEWHERE)
        and "Either" not in text
    )
