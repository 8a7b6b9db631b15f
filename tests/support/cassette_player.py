"""Plays cassettes through the real pipeline; whatever a cassette does not hold is refused, never sent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import vcr  # type: ignore[import-untyped]  # vcrpy ships no types

from checks.contract.tables import Tables
from scanner.audit import collected
from scanner.azure.arm import Arm
from scanner.azure.clouds import KNOWN
from scanner.choices import CloudName
from scanner.emulator.credential import EmulatorCredential
from scanner.payloads.payload import Payload, PayloadStore
from scanner.reading.discovery import Discovery
from scanner.reading.live import LiveSource
from scanner.scope.wanted import Wanted
from tests.support.places import ROOT
from tests.support.scanning import IMPATIENT, NETWORK, NOON

CASSETTES = ROOT / "cassettes"
FILE_NAME = "cassette.yaml"
"""One in the folder of every scenario."""


@dataclass(frozen=True, kw_only=True)
class Playback:
    """What a scan made of a cassette, and what of the cassette it used.

    `asked` are method and URL of every interaction in the order of the file. Each was asked for exactly
    once where `is_used_up`, and nothing else was: vcrpy matches on both and raises for all else.
    """

    tables: Tables
    payloads: Sequence[Payload]
    asked: Sequence[tuple[str, str]]
    is_used_up: bool


def played(cassette_file: Path) -> Playback:
    """A scan of everything the cassette shows, as of the public cloud; of Resource Graph where it shows that.

    Raises LookupError for a request that the cassette does not hold, or not often enough.
    """
    player = vcr.VCR(record_mode=vcr.mode.NONE, match_on=("method", "uri"))
    with player.use_cassette(cassette_file, allow_playback_repeats=False) as cassette:
        asks_graph = any(request.method == "POST" for request in cassette.requests)
        tables, payloads = asyncio.run(_scan(asks_graph))
    refused = tables.gaps.loc[tables.gaps["message"].str.contains("CannotOverwrite"), "request"]
    if len(refused):
        raise LookupError(f"the cassette does not hold {refused.iloc[0]}")
    return Playback(
        tables=tables,
        payloads=payloads,
        asked=[(request.method, request.uri) for request in cassette.requests],
        is_used_up=cassette.all_played,
    )


async def _scan(asks_graph: bool) -> tuple[Tables, list[Payload]]:
    arm = Arm(KNOWN[CloudName.AZURE], EmulatorCredential(), clock=lambda: NOON, patience=IMPATIENT)
    async with arm:
        discovery = Discovery(arm) if asks_graph else None
        source = LiveSource(arm, Wanted(), collection=NETWORK, discovery=discovery)
        with PayloadStore() as store:
            return await collected(source, store), list(store)
