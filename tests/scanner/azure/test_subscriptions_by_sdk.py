"""The list of subscriptions is asked for with azure-mgmt-resource, and no answer that the SDK cannot read ends it."""

from __future__ import annotations

import asyncio
from unittest.mock import patch
from urllib.parse import unquote

import pytest
from azure.mgmt.resource.subscriptions.aio.operations import SubscriptionsOperations

from scanner.azure.arm import Arm
from scanner.commands.demo import emulator_connection
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.server import Emulator, emulated
from scanner.emulator.tenants.generated import generated_tenant
from scanner.payloads.payload import Gap, Payload
from scanner.reading.scope import subscriptions
from scanner.scope.wanted import Wanted
from tests.support.scanning import IMPATIENT, NOON

TENANT = generated_tenant(subscriptions=3, workspaces=0, rules=0, seed=5)
ODD = (
    Fault(kind=FaultKind.HTML, route="subscriptions"),
    Fault(kind=FaultKind.NULL_VALUE, route="subscriptions"),
    Fault(kind=FaultKind.TOO_DEEP, route="subscriptions"),
    Fault(kind=FaultKind.NOT_UTF8, route="subscriptions"),
    Fault(kind=FaultKind.TRUNCATE, route="subscriptions"),
    Fault(kind=FaultKind.RESET, route="subscriptions"),
    Fault(kind=FaultKind.WRONG_TYPES, route="subscriptions"),
    Fault(kind=FaultKind.STATUS, status=403, route="subscriptions"),
    Fault(kind=FaultKind.STATUS, status=503, route="subscriptions"),
)


def listed(emulator: Emulator) -> tuple[list[str], list[Payload | Gap]]:
    connection, kept = emulator_connection(emulator), list[Payload | Gap]()

    async def read() -> list[str]:
        arm = Arm(connection.cloud, connection.credential, clock=lambda: NOON, patience=IMPATIENT)
        async with arm:
            return [each.id for each in await subscriptions([arm], Wanted(), kept.append)]

    return asyncio.run(read()), kept


def test_the_operation_of_the_sdk_asks_at_the_url_in_the_evidence() -> None:
    operation = SubscriptionsOperations.list
    with (
        emulated(TENANT, page_size=2) as emulator,
        patch.object(SubscriptionsOperations, "list", autospec=True, side_effect=operation) as asked,
    ):
        found, kept = listed(emulator)
        urls = [
            unquote(f"{emulator.url}{each.path}?{each.query}")
            for each in emulator.requests
            if each.path == "/subscriptions"
        ]
    assert (asked.call_count, len(found)) == (1, 3)
    assert urls == [unquote(each.url) for each in kept if isinstance(each, Payload)]


@pytest.mark.parametrize("fault", ODD, ids=lambda each: f"{each.kind.value} {each.status or ''}".strip())
def test_an_odd_list_is_a_gap_and_never_the_end(fault: Fault) -> None:
    with emulated(TENANT, faults=[fault]) as emulator:
        found, kept = listed(emulator)
    assert all(each in {str(one["subscriptionId"]) for one in TENANT.subscriptions} for each in found)
    if not found:
        assert [each.asked for each in kept if isinstance(each, Gap)][:1] == ["subscriptions"]
