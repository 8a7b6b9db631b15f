"""Reads the private endpoints of workspaces, and the virtual networks that they are in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from checks.network.resource_ids import resource_id as resource_id_of
from scanner.azure.arm import Arm
from scanner.payloads import json_members
from scanner.payloads.answers import PRIVATE_ENDPOINTS, VIRTUAL_NETWORKS
from scanner.payloads.payload import Gap, Keep, Payload
from scanner.payloads.questions import Ask
from scanner.tables.networks import NETWORK_API_VERSION, NETWORK_TYPES, PlacedEndpoint, network_of, subnet_of


class NetworkReader:
    """Reads each private endpoint and virtual network once, even if many workspaces share it."""

    def __init__(self, arm: Arm, keep: Keep) -> None:
        """Start with nothing asked for."""
        self._arm = arm
        self._keep = keep
        self._asked: set[str] = set()

    async def read(self, endpoints: Iterable[PlacedEndpoint]) -> None:
        """Read the networks of a workspace's endpoints."""
        async with asyncio.TaskGroup() as group:
            for each in endpoints:
                group.create_task(self._read(each))

    async def _read(self, endpoint: PlacedEndpoint) -> None:
        """Read the endpoint, unless its connection named the subnet, and then the virtual network."""
        subnet: str | None = endpoint.subnet_id
        if not subnet:
            answer = await self._resource(PRIVATE_ENDPOINTS, endpoint.id)
            if isinstance(answer, Payload):
                subnet = subnet_of(answer.document)
        network = network_of(subnet)
        if network:
            await self._resource(VIRTUAL_NETWORKS, network)

    async def _resource(self, kind: str, resource_id: str) -> Payload | Gap | None:
        """Keep and return the answer about a resource. None if it was asked for before, or is not of that type."""
        parsed = resource_id_of(resource_id)
        is_of_type = parsed is not None and parsed.resource_type == NETWORK_TYPES[kind].lower()
        if resource_id.lower() in self._asked or not is_of_type:
            return None
        self._asked.add(resource_id.lower())
        ask = Ask(
            kind=kind,
            scope=resource_id,
            url=self._arm.url(resource_id, NETWORK_API_VERSION),
            api_version=NETWORK_API_VERSION,
            subscription_id=json_members.subscription_of(resource_id),
            may_be_missing=True,
        )
        answer = await self._arm.get(ask)
        self._keep(answer)
        return answer
