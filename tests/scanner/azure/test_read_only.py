"""The pipeline sends nothing that could change Azure: only GET, and the POST of a query."""

from __future__ import annotations

import asyncio

import pytest
from azure.core.pipeline.transport import HttpRequest

from scanner.azure.arm import Arm
from scanner.azure.pipeline import RESOURCE_GRAPH_PATH
from scanner.commands.demo import emulator_connection
from scanner.emulator.server import emulated
from scanner.errors import RefusedRequestError
from scanner.reading.collection import EVERYTHING
from scanner.reading.discovery import Discovery
from scanner.reading.live import LiveSource
from scanner.scope.wanted import Wanted
from tests.scanner.azure.test_arm import with_arm
from tests.scanner.doctor.test_permissions import NOT_REGISTERED, SITE, TENANT
from tests.support.scanning import NOON

WORKSPACE = SITE.id
SUBSCRIPTION = "/".join(WORKSPACE.split("/")[:3])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *((method, RESOURCE_GRAPH_PATH) for method in ("PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "post")),
        ("POST", f"{SUBSCRIPTION}{RESOURCE_GRAPH_PATH}"),
        ("POST", f"{RESOURCE_GRAPH_PATH}/"),
        ("POST", f"{RESOURCE_GRAPH_PATH}/../../..{WORKSPACE}/listKeys"),
        ("POST", f"{RESOURCE_GRAPH_PATH}%2F..%2F..{WORKSPACE}/listKeys"),
        ("POST", f"/{RESOURCE_GRAPH_PATH}"),
        ("POST", f"{WORKSPACE}/listKeys?x={RESOURCE_GRAPH_PATH}"),
        ("POST", f"{WORKSPACE}/listKeys#{RESOURCE_GRAPH_PATH}"),
        ("POST", f"{SUBSCRIPTION}/providers/Microsoft.MachineLearningServices/register"),
        ("PUT", WORKSPACE),
        ("DELETE", WORKSPACE),
    ],
)
def test_no_write_verb_can_leave_the_pipeline(method: str, path: str) -> None:
    async def write(arm: Arm) -> None:
        request = HttpRequest("GET", f"{arm.cloud.arm_endpoint}{path}")
        request.method = method
        await arm._pipeline.run(request, **arm.request_options())

    with emulated(TENANT) as emulator:
        with pytest.raises(RefusedRequestError):
            with_arm(emulator, write)
        assert emulator.requests == []


def test_a_whole_scan_writes_nothing_even_where_a_provider_is_not_registered() -> None:
    with emulated(TENANT, faults=[NOT_REGISTERED]) as emulator:
        connected = emulator_connection(emulator)

        async def read() -> None:
            async with Arm(connected.cloud, connected.credential, clock=lambda: NOON) as arm:
                wanted, asking = Wanted(management_groups=["corp"]), Discovery(arm, is_demanded=True)
                source = LiveSource(arm, wanted, collection=EVERYTHING, discovery=asking)
                await source.read(lambda _item: None)

        asyncio.run(read())
        asked = emulator.requests
    assert len(asked) > 15
    assert {request.path for request in asked if request.method != "GET"} == {RESOURCE_GRAPH_PATH}
    assert {request.method for request in asked} == {"GET", "POST"}
