"""The costs of a fix beside its effect, and its place in the order of a plan.

The commands and the caution of the fix decide, so that checks of a plug-in are classified too. When in doubt a fix is
set apart: the default script holds only fixes that can be undone, cost nothing and stop no work.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from checks.fixes.reading import Alternative, read
from checks.model import Remediation


class Reason(StrEnum):
    """Why a step is set apart from the default script."""

    IRREVERSIBLE = "irreversible"
    BILLED = "billed"
    DOWNTIME = "downtime"
    DECISION = "decision"


MEANINGS: Final[Mapping[Reason, str]] = {
    Reason.IRREVERSIBLE: "Azure cannot undo it, or it deletes something",
    Reason.BILLED: "Azure bills it",
    Reason.DOWNTIME: "work or clients may fail",
    Reason.DECISION: "a person has to choose or to act first",
}

_IRREVERSIBLE = re.compile(
    r'\baz (?:[\w-]+ )*(?:delete|detach|purge)\b|--method delete\b|"isolationMode"|--managed-network\b'
    r"|enablePurgeProtection|NEW_WORKSPACE",
    re.IGNORECASE,
)
_CANNOT = re.compile(r"\bAzure cannot (?!exchange)|\bpermanently\b", re.IGNORECASE)
_ONE_WAY = re.compile(
    r"\bcannot be (?:undone|reversed|restored|recovered|(?:switched|turned) (?:off|on))\b|\birreversibl[ey]\b",
    re.IGNORECASE,
)
_BILLED = re.compile(r"\bbill(?:s|ed|ing)?\b|\bcosts? \w+|\bprices?\b", re.IGNORECASE)
_DOWNTIME = re.compile(
    r"\bat once\b|\bfails?\b|\bstops?\b|\bloses?\b|\blost\b|\bout of service\b|\brefuses?\b|\bcannot read\b"
    r"|\bneed an outbound rule\b|\bonly clients of\b",
    re.IGNORECASE,
)

ORDER: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("identities and logs", ("MVN008", "SEC001", "OBR016", "SEC004", "RES007", "RES013", "RES016", "RES017")),
    ("private endpoints and DNS", ("PEP001", "PEP004", "END005")),
    ("managed network", ("MVN001", "MVN002")),
    ("network settings", ("MVN005", "MVN007", "MVN003", "MVN004", "OBR001")),
    ("new outbound rules", ("OBR003", "OBR011", "SCN001", "SCN002", "SCN003", "SCN004", "SCN005", "SCN006")),
    ("computes and endpoints again", ()),
    (
        "computes",
        ("CMP001", "CMP002", "CMP003", "CMP004", "CMP005", "CMP006", "CMP007", "CMP008", "CMP009", "RES008"),
    ),
    ("deployments", ("END003", "END004")),
    ("other fixes", ()),
    ("access by identity", ("SEC005", "SEC006", "RES010", "RES012", "RES009")),
    ("wide and wrong rules", ("OBR004", "OBR005", "OBR006", "OBR007", "OBR009", "OBR014")),
    ("rules that go", ("OBR002", "OBR008", "OBR010", "OBR012", "OBR013", "OBR015")),
    ("public access of endpoints", ("END001", "END002", "END006")),
    ("firewalls and perimeters", ("RES005", "RES006", "RES014", "RES015")),
    ("public access of dependencies", ("RES001", "RES002", "RES003", "RES004")),
    ("public access of workspaces", ("NET004", "NET003", "NET002", "NET001", "NET006", "MVN006", "NET005")),
    ("connections and vaults", ("PEP002", "PEP003", "PEP005", "RES011")),
    ("new workspaces", ("SEC002", "SEC003")),
)
"""The phases of a plan in order, and the checks whose fixes run in each.

New things come before old ones go: endpoints and DNS before public access is closed, the managed network before
computes are created in it, and new rules before wide ones are removed.
"""

_PHASES = {
    check: (place, within) for place, (_, checks) in enumerate(ORDER) for within, check in enumerate(checks)
}
_NAMES = [name for name, _ in ORDER]
AGAIN: Final = (_NAMES.index("computes and endpoints again"), 0)
"""The phase that creates computes and endpoints again after a change of the isolation mode."""
MODE: Final = (_NAMES.index("managed network"), 0)
"""The phase that changes the isolation mode."""


def phase_of(check_id: str) -> tuple[int, int]:
    """Return the place of the check's fix in the order: that of other fixes for a check of a plug-in."""
    return _PHASES.get(check_id, (_NAMES.index("other fixes"), 0))


def can_be_undone(fix: Remediation) -> bool:
    """Return whether no alternative of a fix deletes something or takes a step that Azure cannot undo.

    Without az commands the caution decides.
    """
    ways = read(fix.az).alternatives
    if not ways:
        return not (_CANNOT.search(fix.caution) or _ONE_WAY.search(fix.caution))
    return all(Reason.IRREVERSIBLE not in reasons_of(way, fix.caution, is_choice=False) for way in ways)


def reasons_of(way: Alternative, caution: str, *, is_choice: bool) -> frozenset[Reason]:
    """Return why the fix is set apart. `is_choice` is whether the audit leaves a choice between alternatives."""
    commands = "\n".join(way.commands)
    warned = "\n".join(way.warnings)
    found = {
        Reason.IRREVERSIBLE: _IRREVERSIBLE.search(commands)
        or _CANNOT.search(warned)
        or _ONE_WAY.search(f"{warned}\n{caution}"),
        Reason.BILLED: _BILLED.search(caution),
        Reason.DOWNTIME: warned or _DOWNTIME.search(caution),
        Reason.DECISION: is_choice or not way.commands,
    }
    return frozenset(reason for reason, is_so in found.items() if is_so)
