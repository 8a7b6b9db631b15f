"""Judge who can reach a resource from public addresses, by its own access and its network security perimeter.

Source: "Transition to a network security perimeter in Azure" (read 2026-11): the perimeter's rules govern public
inbound traffic even if `publicNetworkAccess` is Disabled or SecuredByPerimeter. In Learning mode the resource's own
rules count as well while public access is Enabled; in Enforced mode only the perimeter's rules count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Governor = Literal["nobody", "resource", "perimeter", "either"]
"""The sides whose rules admit public traffic: none, the resource, the perimeter, or either."""

ENFORCED: Final = "enforced"
LEARNING: Final = ("learning", "audit")

GOVERNOR: Final[dict[tuple[str, str], Governor]] = {
    ("enabled", ""): "resource",
    ("enabled", "learning"): "either",
    ("enabled", "enforced"): "perimeter",
    ("disabled", ""): "nobody",
    ("disabled", "learning"): "perimeter",
    ("disabled", "enforced"): "perimeter",
    ("securedbyperimeter", ""): "nobody",
    ("securedbyperimeter", "learning"): "perimeter",
    ("securedbyperimeter", "enforced"): "perimeter",
}
"""The governor by public network access and access mode ("" without an association), in lower case."""


@dataclass(frozen=True, kw_only=True)
class Inbound:
    """One side: its `is_open`, None if that is not known, and the name of its opening for the reader."""

    is_open: bool | None
    what: str = ""


def governor(access: str | None, mode: str) -> Governor | None:
    """Return whose rules admit public traffic. Absent access is Enabled. None for an undocumented word."""
    word = mode.lower()
    return GOVERNOR.get(((access or "Enabled").lower(), "learning" if word in LEARNING else word))


def judged(access: str | None, mode: str | None, resource: Inbound, perimeter: Inbound) -> Inbound:
    """Return whether both sides and the access mode admit too much public traffic.

    `mode` is None if the perimeter is not known. The answer is then None, unless it is the same in every mode.
    """
    if mode is None:
        answers = {
            judged(access, each, resource, Inbound(is_open=None)) for each in ("", "learning", "enforced")
        }
        return answers.pop() if len(answers) == 1 else Inbound(is_open=None)
    match governor(access, mode):
        case "nobody":
            return Inbound(is_open=False)
        case "resource":
            return resource
        case "perimeter":
            return perimeter
        case "either":
            if resource.is_open or perimeter.is_open:
                return resource if resource.is_open else perimeter
            return Inbound(is_open=None) if None in {resource.is_open, perimeter.is_open} else resource
    return Inbound(is_open=None)
