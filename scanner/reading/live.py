"""The live source: reads subscriptions, workspaces and their child resources from Azure Resource Manager."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from checks.errors import AuditError
from scanner.azure.arm import Arm
from scanner.payloads import gaps
from scanner.payloads.answers import PERIMETERS
from scanner.payloads.payload import Keep
from scanner.progress import Progress, Silent
from scanner.reading.api_versions import PINNED, ApiVersions
from scanner.reading.associated import AssociatedReader
from scanner.reading.collection import Collection
from scanner.reading.discovery import Discovery
from scanner.reading.networks import NetworkReader
from scanner.reading.roles import RoleReader
from scanner.reading.scope import Subscription, subscriptions
from scanner.reading.single_reads import SingleReads
from scanner.reading.subscription_reader import SubscriptionReader
from scanner.reading.workspace_reader import WorkspaceReader
from scanner.scope.wanted import Wanted
from scanner.scope.workspaces import Sorting

_log = logging.getLogger("azml_audit.reading")


class SubscriptionsReader(Protocol):
    """Reads subscriptions whose ids are known, in this process or in a worker."""

    async def read(self, chosen: Sequence[Subscription], keep: Keep) -> None:
        """Hand every payload and gap of these subscriptions to `keep`."""


class LiveSource:
    """Reads one cloud through an `Arm` for each tenant. A slow or failing subscription does not affect the others."""

    def __init__(
        self,
        arm: Arm,
        wanted: Wanted,
        *others: Arm,
        collection: Collection,
        progress: Progress | None = None,
        reader: SubscriptionsReader | None = None,
        discovery: Discovery | None = None,
    ) -> None:
        """Read the wanted subscriptions, and in each workspace what `collection` names.

        `reader` reads the subscriptions; by default this process does. `discovery` asks Resource Graph, too.
        """
        self._arms = (arm, *others)
        self._wanted = wanted
        self._progress = progress or Silent()
        self._reader = reader or Here(
            arm, *others, collection=collection, wanted=wanted, progress=self._progress
        )
        self._discovery = discovery
        self._collection = collection

    async def read(self, keep: Keep) -> None:
        """Hand every payload and gap to `keep`. Raises ScopeError before any workspace is read.

        Workspaces whose list items lack members are read last, when all lists are known.
        """
        singly = SingleReads(self._arms, self._collection, self._wanted, keep)
        await singly.read(await self._read(singly.keep))

    async def _read(self, keep: Keep) -> Sequence[Subscription]:
        """Read the lists and what is below them. Return the subscriptions."""
        chosen = await subscriptions(self._arms, self._wanted, keep)
        if self._discovery and self._discovery.leads:
            shown = await self._discovery.read(chosen, keep)
            chosen = [each for each in chosen if each.key not in shown or shown[each.key].workspaces]
        self._progress.subscriptions_found(len(chosen))
        if self._discovery and not self._discovery.leads:
            await self._read_beside(self._discovery, chosen, keep)
        else:
            await self._reader.read(chosen, keep)
        return chosen

    async def _read_beside(self, discovery: Discovery, chosen: Sequence[Subscription], keep: Keep) -> None:
        asking = asyncio.create_task(discovery.read(chosen, keep))
        try:
            await self._reader.read(chosen, keep)
            await asking
        finally:
            asking.cancel()


class Here:
    """Reads subscriptions in this process, all at once."""

    def __init__(
        self,
        *arms: Arm,
        collection: Collection,
        wanted: Wanted | None = None,
        progress: Progress | None = None,
        at_most: int | None = None,
    ) -> None:
        """Read in each workspace what `collection` names, in the first `at_most` workspaces of a subscription.

        A workspace that `wanted` leaves out is not read, unless it is the hub of a Project in scope. Each of `arms`
        reads the subscriptions of its tenant.
        """
        self._at_most = at_most
        self._wanted = wanted or Wanted()
        self._arms = arms
        self._collection = collection
        self._progress = progress or Silent()

    async def read(self, chosen: Sequence[Subscription], keep: Keep) -> None:
        """Hand every payload and gap of these subscriptions to `keep`."""
        with_perimeters = PERIMETERS in self._collection.kinds
        async with asyncio.TaskGroup() as group:
            for arm in self._arms:
                associated = AssociatedReader(
                    arm,
                    keep,
                    with_perimeters=with_perimeters,
                    with_lists=not self._collection.asks_everybody,
                )
                networks, roles = NetworkReader(arm, keep), RoleReader(arm, keep)
                for subscription in chosen:
                    if subscription.tenant == arm.tenant:
                        group.create_task(
                            self._subscription(arm, subscription, associated, networks, roles, keep)
                        )

    async def _subscription(
        self,
        arm: Arm,
        subscription: Subscription,
        associated: AssociatedReader,
        networks: NetworkReader,
        roles: RoleReader,
        keep: Keep,
    ) -> None:
        versions = ApiVersions(arm, subscription.id, keep)
        reader = WorkspaceReader(
            arm,
            versions,
            associated,
            networks,
            roles,
            subscription.id,
            collection=self._collection,
            keep=keep,
        )
        every = SubscriptionReader(
            arm, subscription, versions, reader, keep, self._progress, Sorting(self._wanted)
        )
        try:
            await every.read(self._at_most)
        except* AuditError:
            raise
        except* Exception as errors:  # noqa: BLE001 - one subscription must not end the scan
            _log.exception("could not read the subscription %s", subscription.id)
            keep(gaps.internal(every.ask("workspaces", PINNED[0]), errors))
        self._progress.subscription_read()
