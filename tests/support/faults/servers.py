"""Answers that no server should give, drawn from a grammar of statuses, headers and bodies.

Every draw comes from a seed, so a failure can be drawn again. A body may lose, repeat or distort what it tells,
but tells no consistent lie: a server that invents a workspace in its own subscription is believed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random

from scanner.emulator.faults import Fault, FaultKind
from scanner.payloads.answers import PERIMETERS
from tests.support.faults.bodies import TEXTS, rewriting
from tests.support.faults.headers import STATUSES, headers
from tests.support.faults.world import ONE, PLACES, Spot

EVERYTHING = ("/subscriptions/",)
SPOTS = (
    *PLACES,
    Spot(title="subscriptions", fault={"route": "subscriptions"}, touches=EVERYTHING),
    Spot(title="Resource Graph", fault={"route": "resourceGraph"}, touches=(), is_list=False),
    *(
        Spot(title=kind, fault={"route": kind, "resource": ONE.name}, touches=())
        for kind in ("computes", "onlineEndpoints", "batchEndpoints", "diagnosticSettings")
    ),
    Spot(title="perimeters", fault={"route": PERIMETERS, "resource": ONE.storage}, touches=(ONE.id,)),
)
"""Where a fault strikes. No finding depends on Resource Graph and the lists after it."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A fault and where it strikes. `place` gets the server's URL once it is known."""

    fault: Fault
    spot: Spot
    place: dict[str, str] = field(default_factory=dict)


def drawn(seed: int) -> Drawn:
    """Return the fault of a seed."""
    chance = Random(seed)
    spot, place = chance.choice(SPOTS), {"url": "http://127.0.0.1:1"}
    body = chance.choice(TEXTS) if chance.random() < 0.25 else None
    rewrite = rewriting(chance, place, spot) if body is None and chance.random() < 0.8 else None
    status = chance.choice(STATUSES) if chance.random() < 0.5 else 200
    fault = Fault(
        kind=FaultKind.RAW,
        status=status,
        header=headers(chance) if chance.random() < 0.5 else "",
        body=body,
        rewrite=rewrite,
        times=chance.choice((None, None, 1, 2)),
        **spot.fault,
    )
    if status >= 400 and "retry-after" in fault.header.lower():
        # The throttle stops asking behind the same gate if the wait is too long, so it may cost anything.
        spot = replace(spot, touches=EVERYTHING)
    return Drawn(fault=fault, spot=spot, place=place)
