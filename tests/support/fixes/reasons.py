"""Why a fix has no text in a language, and why an effect cannot be proven for a resource."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

ALL = ("az", "bicep", "terraform")
TEMPLATES = ("bicep", "terraform")


@dataclass(frozen=True, kw_only=True)
class Reason:
    """A problem that is no fault of the text: a pattern of the problem, and the sentence for the page."""

    check_id: str
    problem: str
    text: str
    languages: tuple[str, ...] = ALL

    def explains(self, check_id: str, language: str, problem: str) -> bool:
        """Whether this is the reason for the problem."""
        return (
            check_id == self.check_id
            and language in self.languages
            and re.search(self.problem, problem) is not None
        )


_STRICTER = (
    "The policy refuses AllowOnlyApprovedOutbound, which is stricter and which Azure cannot change back: the text "
    "explains that and does not change the mode."
)
_RESTORED = "Only Azure can restore a deleted resource, while it keeps it."
_NO_MOVE = (
    "Azure moves no resource to another region: the finding is waived, or the workspace is created again."
)
_DELETED = "A dependency of the workspace was deleted: the text asks to restore it first (RES013)."

REASONS: tuple[Reason, ...] = (
    Reason(check_id="MVN002", problem="404 ResourceNotFound: .*/registries/", text=_DELETED),
    Reason(check_id="NET006", problem="NET006 is fail afterwards|the text changes nothing", text=_STRICTER),
    Reason(
        check_id="RES013", problem="RES013 is fail|keeps no deleted vault|changes nothing", text=_RESTORED
    ),
    Reason(check_id="RES017", problem="RES017 is fail|changes nothing", text=_NO_MOVE),
)
"""Every problem of a proof that is no fault of the text. No reason excuses that another check fails."""

_CANNOT_DELETE = "Bicep deletes nothing."
_CANNOT_ACT = "Bicep starts no action."
_CANNOT_SETTLE = "Bicep and Terraform neither approve nor delete what others created."
_WHOLE_PERIMETER = "A template of a perimeter has to name all its rules and associations."
_OF_ANOTHER = "The new deployment is a copy of the old one, which a template cannot read."

NO_TEXT: Mapping[str, Mapping[str, str]] = {
    "PEP002": dict.fromkeys(TEMPLATES, _CANNOT_SETTLE),
    "PEP003": dict.fromkeys(TEMPLATES, _CANNOT_SETTLE),
    "PEP005": {"bicep": _CANNOT_DELETE},
    "MVN003": {"bicep": _CANNOT_ACT},
    "MVN008": {"bicep": "Bicep registers no provider."},
    "MVN004": {"bicep": _CANNOT_ACT},
    "OBR001": {"bicep": _CANNOT_ACT},
    "OBR002": {"bicep": _CANNOT_DELETE},
    "OBR004": {"bicep": _CANNOT_DELETE},
    "OBR005": {"bicep": _CANNOT_DELETE},
    "OBR006": {"bicep": _CANNOT_DELETE},
    "OBR008": {"bicep": _CANNOT_DELETE},
    "OBR010": {"bicep": _CANNOT_DELETE},
    "OBR012": dict.fromkeys(
        TEMPLATES, "The first choice is a waiver; the rules to replace need a list first."
    ),
    "OBR013": {"bicep": _CANNOT_DELETE},
    "OBR015": {"bicep": _CANNOT_DELETE},
    "RES013": dict.fromkeys(TEMPLATES, _RESTORED),
    "RES014": {"bicep": _WHOLE_PERIMETER},
    "RES015": {"bicep": _WHOLE_PERIMETER},
    "RES016": {"bicep": _WHOLE_PERIMETER},
    "RES017": dict.fromkeys(TEMPLATES, _NO_MOVE),
    "CMP005": dict.fromkeys(TEMPLATES, "A template attaches nothing that exists, and detaches nothing."),
    "END003": dict.fromkeys(TEMPLATES, _OF_ANOTHER),
}
"""Check id to language to the reason why the fix has no text in it."""


def reason_of(check_id: str, language: str, problem: str) -> str:
    """Return the sentence that explains a problem; "" if nothing does."""
    return next((each.text for each in REASONS if each.explains(check_id, language, problem)), "")
