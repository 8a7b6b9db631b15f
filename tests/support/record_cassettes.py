"""Renews every cassette: `python tests/support/record_cassettes.py`.

The emulator's scenarios are recorded anew; those in the published shape, which are written by hand, are
written again in the same scrubbed form. `cassettes/README.md` says which is which.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import vcr  # type: ignore[import-untyped]  # vcrpy ships no types
import yaml

from checks.pseudonyms import without_addresses
from scanner.azure.clouds import KNOWN
from scanner.choices import CloudName
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.server import emulated
from scanner.emulator.tenants.generated import generated_tenant
from scanner.emulator.tenants.tenant import Graph, Tenant
from scanner.payloads.bodies import parsed
from scanner.payloads.people import Pseudonyms
from scanner.payloads.redaction import redacted
from scanner.payloads.secret_forms import REDACTED
from tests.support.cassette_player import CASSETTES, FILE_NAME
from tests.support.scanning import scanned

COMMAND = "make cassettes"
PUBLISHED = "published-shape-"
AZURE = KNOWN[CloudName.AZURE].arm_endpoint

_RECORDED = f"# Recorded from the embedded emulator, which is not Azure. Renew it with: {COMMAND}\n"
_BY_HAND = (
    "# Written by hand in the published REST shape; no answer of Azure, every name and id is invented.\n"
    f"# After a change run: {COMMAND}\n"
)
_KEPT_HEADERS = frozenset(
    {
        "accept",
        "content-type",
        "retry-after",
        "www-authenticate",
        "x-ms-correlation-request-id",
        "x-ms-failure-cause",
        "x-ms-ratelimit-remaining-subscription-reads",
        "x-ms-ratelimit-remaining-tenant-reads",
        "x-ms-request-id",
    }
)
"""Every other header is dropped, first of all Authorization, and whatever changes from day to day."""

_NUMBERED_HEADERS = ("x-ms-correlation-request-id", "x-ms-request-id")

Interaction = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One state of the emulator to record."""

    tenant: Tenant
    faults: tuple[Fault, ...] = ()
    page_size: int = 50
    asks_graph: bool = False


def scenarios() -> Mapping[str, Scenario]:
    """Folder name to what is recorded in it."""
    pair = generated_tenant(subscriptions=2, workspaces=2, rules=2, seed=5)
    single = generated_tenant(subscriptions=1, workspaces=1, rules=3, seed=6)
    second = str(pair.subscriptions[1]["subscriptionId"])
    lagging = Graph(ghosts=(f"{pair.resources[0].id}-gone",))
    forbidden = Fault(kind=FaultKind.STATUS, status=403, route="workspaces", subscription=second)
    throttled = Fault(kind=FaultKind.STATUS, status=429, retry_after=1, times=1, route="workspaces")
    return {
        "demo-tenant": Scenario(tenant=demo_tenant()),
        "forbidden-subscription": Scenario(tenant=pair, faults=(forbidden,)),
        "paged-lists": Scenario(tenant=pair, page_size=1),
        "resource-graph": Scenario(tenant=replace(pair, graph=lagging), asks_graph=True),
        "throttled-once": Scenario(tenant=single, faults=(throttled,)),
        "version-fallback": Scenario(tenant=single.offering("2024-04-01", "2022-10-01")),
    }


def recorded(scenario: Scenario) -> str:
    """The text of the cassette of one scan of the emulator in that state."""
    with (
        TemporaryDirectory() as folder,
        emulated(scenario.tenant, faults=scenario.faults, page_size=scenario.page_size) as emulator,
    ):
        recorder = vcr.VCR(record_mode=vcr.mode.ALL, serializer="scrubbing")
        recorder.register_serializer("scrubbing", _Scrubbing(emulator.url))
        file = Path(folder) / FILE_NAME
        with recorder.use_cassette(file):
            scanned(emulator, asks_graph=scenario.asks_graph)
        return file.read_text(encoding="utf-8")


def rewritten(text: str) -> str:
    """A cassette in the published shape as it should lie in the repository."""
    return _BY_HAND + _dumped(_sorted(scrubbed(each) for each in yaml.safe_load(text)["interactions"]))


class _Scrubbing:
    """A serializer for vcrpy: nothing reaches the disk unscrubbed."""

    def __init__(self, origin: str) -> None:
        self._origin = origin

    def serialize(self, cassette: Mapping[str, Any]) -> str:
        interactions = _sorted(scrubbed(each, self._origin) for each in cassette["interactions"])
        return _RECORDED + _dumped([_numbered(each, at) for at, each in enumerate(interactions)])


def scrubbed(interaction: Interaction, origin: str = AZURE) -> Interaction:
    """The interaction as Azure's public endpoint would have had it, without secrets or e-mail addresses.

    `origin` is scheme, host and port of whoever answered.
    """
    request, response = interaction["request"], interaction["response"]
    return {
        "request": {
            "method": request["method"],
            "uri": _without_addresses(request["uri"].replace(origin, AZURE)),
            "headers": _scrubbed_headers(request["headers"], origin),
            "body": request["body"],
        },
        "response": {
            "status": response["status"],
            "headers": _scrubbed_headers(response["headers"], origin),
            "body": {"string": _scrubbed_body(response["body"]["string"].replace(origin, AZURE))},
        },
    }


def _scrubbed_headers(headers: Mapping[str, list[str]], origin: str) -> dict[str, list[str]]:
    return {
        name: [_without_addresses(value.replace(origin, AZURE)) for value in headers[name]]
        for name in sorted(headers, key=str.lower)
        if name.lower() in _KEPT_HEADERS
    }


def _without_addresses(text: str) -> str:
    return without_addresses(text, REDACTED)


def _scrubbed_body(text: str) -> str:
    """JSON is indented, so that a change of one member is a change of one line."""
    document = parsed(text.encode())
    if document is None:
        return _without_addresses(text)
    redacted(text.encode(), document, Pseudonyms(key=b"of the cassettes"))
    return _Block(_without_addresses(json.dumps(document, indent=1)))


def _sorted(interactions: Iterable[Interaction]) -> list[Interaction]:
    """By address; repeated requests stay in the order they were made."""
    return sorted(interactions, key=lambda each: str(each["request"]["uri"]))


def _numbered(interaction: Interaction, position: int) -> Interaction:
    """Request ids that follow from the place in the file: the emulator's count requests as they arrive."""
    headers = interaction["response"]["headers"]
    request_id = [f"{position:08x}-0000-4000-8000-000000000000"]
    return interaction | {
        "response": interaction["response"]
        | {"headers": headers | {name: request_id for name in _NUMBERED_HEADERS if name in headers}}
    }


class _Block(str):
    """Text that is written line by line."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """Python's own, not libyaml's: the same bytes wherever it runs."""

    def ignore_aliases(self, data: object) -> bool:
        return True


_Dumper.add_representer(
    _Block, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style="|")
)


def _dumped(interactions: list[Interaction]) -> str:
    cassette = {"version": 1, "interactions": interactions}
    return yaml.dump(cassette, Dumper=_Dumper, sort_keys=False, width=10_000)


def main() -> None:
    """Write every cassette anew and name it."""
    texts = {name: recorded(scenario) for name, scenario in scenarios().items()}
    for file in CASSETTES.glob(f"{PUBLISHED}*/{FILE_NAME}"):
        texts[file.parent.name] = rewritten(file.read_text(encoding="utf-8"))
    for name, text in sorted(texts.items()):
        (CASSETTES / name).mkdir(exist_ok=True)
        (CASSETTES / name / FILE_NAME).write_text(text, encoding="utf-8", newline="\n")
        sys.stdout.write(f"{len(text):>8} bytes  {name}\n")


if __name__ == "__main__":
    main()
