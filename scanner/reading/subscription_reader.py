"""Reads one subscription for `scanner.reading.live`: the list of its workspaces, and each workspace in it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from scanner.azure.arm import Arm
from scanner.payloads import json_members
from scanner.payloads.answers import ADDRESS_RULES, NETWORK_PROVIDER, is_unusable, keep_superseded
from scanner.payloads.pages import items_on
from scanner.payloads.payload import Gap, Keep, Payload
from scanner.payloads.questions import Ask
from scanner.progress import Progress
from scanner.reading.api_versions import PROVIDER_API_VERSION, SHOW_ADDRESS_RULES, ApiVersions
from scanner.reading.scope import Subscription
from scanner.reading.workspace_reader import Listed, WorkspaceReader, listed
from scanner.scope.workspaces import Sorting
from scanner.tables.children import PROVIDER
from scanner.tables.subscriptions import proves_absence, registration_state

NETWORK_NAMESPACE = "Microsoft.Network"
NOT_REGISTERED = frozenset({"MissingSubscriptionRegistration", "MissingRegistrationForResourceProvider"})


class SubscriptionReader:
    """Reads the list of workspaces, and each workspace as soon as its page arrives."""

    def __init__(
        self,
        arm: Arm,
        subscription: Subscription,
        versions: ApiVersions,
        reader: WorkspaceReader,
        keep: Keep,
        progress: Progress,
        sorting: Sorting,
    ) -> None:
        """Hand payloads and gaps to `keep`, and what is in each workspace to `reader`."""
        self._arm = arm
        self._scope = f"/subscriptions/{subscription.id}"
        self._subscription_id = subscription.id
        self._versions = versions
        self._reader = reader
        self._keep = keep
        self._progress = progress
        self._seen: set[str] = set()
        self._sorting = sorting
        self._left_out: dict[str, Listed] = {}
        self._with_associated: list[Listed] = []

    async def read(self, at_most: int | None) -> None:
        """Read all workspaces, or at most so many of the first page."""
        async with asyncio.TaskGroup() as group:
            await self._list(group, at_most)

    async def _list(self, group: asyncio.TaskGroup, at_most: int | None) -> None:
        """Read the list and start to read its workspaces."""
        first = await self._versions.settled("workspaces", self._first_page)
        if isinstance(first, Gap):
            for answer in await self._explained(first):
                self._keep(answer)
            return
        if is_unusable(first):
            self._keep(first)
            return
        pages = self._arm.pages(first)
        del first
        shows_addresses: set[bool] = set()
        async for page in pages:
            shows_addresses |= self._take(page, group, at_most)
            del page
            if at_most is not None:
                break
        hubs = [each for key, each in self._left_out.items() if key in self._sorting.hubs]
        shows_addresses |= self._begin(hubs, group)
        group.create_task(self._reader.read_associated(self._with_associated))
        if shows_addresses and NETWORK_PROVIDER in self._reader.wanted.kinds:
            self._keep(await self._arm.get(self.ask(NETWORK_PROVIDER, PROVIDER_API_VERSION)))
        if shows_addresses == {False} and ADDRESS_RULES in self._reader.wanted.members:
            await self._list_address_rules(at_most)

    async def _list_address_rules(self, at_most: int | None) -> None:
        """List the workspaces once more, at the newest version whose list has the address rules."""
        first = await self._versions.newest_of(
            SHOW_ADDRESS_RULES, lambda version: self._first_page(version, ADDRESS_RULES)
        )
        if first is None:
            return
        async for page in self._arm.pages(first):
            self._keep(page)
            if at_most is not None:
                return

    def _take(self, page: Payload | Gap, group: asyncio.TaskGroup, at_most: int | None) -> set[bool]:
        """Keep a page, and start to read its workspaces, or at most so many.

        Return for its workspaces whether they show their address rules. A Project has its hub's.
        """
        self._keep(page)
        if isinstance(page, Gap):
            return set()
        return self._begin(self._workspaces(page)[:at_most], group)

    def _begin(self, found: Sequence[Listed], group: asyncio.TaskGroup) -> set[bool]:
        """Start to read these workspaces, and return whether they show their address rules."""
        self._progress.workspaces_found(len(found))
        for workspace in found:
            group.create_task(self._workspace(workspace))
            if workspace.associated and self._reader.wants_associated:
                self._with_associated.append(workspace)
        return {each.reports_address_rules for each in found if each.has_own_network}

    async def _first_page(self, api_version: str, kind: str = "workspaces") -> Payload | Gap:
        return await self._arm.get(self.ask(kind, api_version))

    def _workspaces(self, page: Payload) -> list[Listed]:
        """Return the workspaces of a page that are in scope and that no page before it has."""
        found = []
        for _, item in items_on(page).items:
            key = json_members.key(item["id"])
            if key not in self._seen:
                self._seen.add(key)
                workspace = listed(item, page.api_version)
                if self._sorting.is_in_scope(item):
                    found.append(workspace)
                else:
                    self._left_out[key] = workspace
        return found

    async def _workspace(self, workspace: Listed) -> None:
        await self._reader.read(workspace)
        self._progress.workspace_read()

    async def _explained(self, refusal: Gap) -> tuple[Gap | Payload, ...]:
        """Return the provider payload if its state proves that no workspace can exist, or else the refusal too.

        If Azure also refuses to show the provider, return that refusal: it names the missing permission.
        """
        if refusal.code not in NOT_REGISTERED:
            return (refusal,)
        answer = await self._arm.get(self.ask("provider", PROVIDER_API_VERSION))
        if isinstance(answer, Gap):
            decisive, other = (answer, refusal) if answer.http_status == 403 else (refusal, answer)
            keep_superseded(other, self._keep)
            return (decisive,)
        if not proves_absence(registration_state(answer)):
            return answer, refusal
        keep_superseded(refusal, self._keep)
        return (answer,)

    def ask(self, kind: str, api_version: str) -> Ask:
        """Return the question about the subscription's workspaces or about a provider in it."""
        namespace = NETWORK_NAMESPACE if kind == NETWORK_PROVIDER else PROVIDER
        is_list = kind in ("workspaces", ADDRESS_RULES)
        path = f"{self._scope}/providers/{namespace}" + ("/workspaces" if is_list else "")
        return Ask(
            kind=kind,
            scope=self._scope,
            url=self._arm.url(path, api_version),
            api_version=api_version,
            subscription_id=self._subscription_id,
        )
