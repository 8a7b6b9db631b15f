"""Reads the roles that workspace identities have on the targets of private-endpoint rules."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from checks.network.resource_ids import resource_id as resource_id_of
from scanner.azure.arm import Arm
from scanner.payloads import json_members
from scanner.payloads.answers import ROLE_ASSIGNMENTS
from scanner.payloads.payload import Keep
from scanner.payloads.questions import Ask
from scanner.tables.role_assignments import ROLES_API_VERSION, roles_filter, roles_path


class RoleReader:
    """Asks once about each identity and target, even if many rules and workspaces share them."""

    def __init__(self, arm: Arm, keep: Keep) -> None:
        """Start with nothing asked for."""
        self._arm = arm
        self._keep = keep
        self._asked: set[tuple[str, str]] = set()

    async def read(self, principal: str, targets: Iterable[str]) -> None:
        """Read the roles of an identity on these targets. Only a resource id is asked for."""
        async with asyncio.TaskGroup() as group:
            for target in targets:
                question = principal.lower(), json_members.key(target)
                if resource_id_of(target) and question not in self._asked:
                    self._asked.add(question)
                    group.create_task(self._assignments(principal, target))

    async def _assignments(self, principal: str, target: str) -> None:
        url = self._arm.url(roles_path(target), ROLES_API_VERSION)
        ask = Ask(
            kind=ROLE_ASSIGNMENTS,
            scope=target,
            url=f"{url}&{roles_filter(principal)}",
            api_version=ROLES_API_VERSION,
            subscription_id=json_members.subscription_of(target),
        )
        async for answer in self._arm.pages(await self._arm.get(ask)):
            self._keep(answer)
