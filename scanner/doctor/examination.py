"""Examines what a first scan could read: network, clock, identity, subscriptions, Resource Graph, roles.

`azml-audit doctor` calls `examined` and prints the findings.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from azure.core.credentials_async import AsyncSupportsTokenInfo

from checks.counting import counted
from scanner.azure.arm import Arm
from scanner.azure.clouds import METADATA_VERSIONS, Cloud, proxy_for, tls_context
from scanner.azure.pipeline import Patience
from scanner.doctor.findings import Finding, State, fine, limited, stopped, untried
from scanner.doctor.permissions import actions_for
from scanner.doctor.roles import role_findings
from scanner.errors import CloudError, CredentialError, ScopeError
from scanner.payloads import json_members
from scanner.payloads.advice import CLOCK, advice, is_clock_wrong
from scanner.payloads.payload import Gap, Keep, Payload
from scanner.payloads.questions import Ask
from scanner.reading.api_versions import PROVIDER_API_VERSION
from scanner.reading.collection import Collection
from scanner.reading.discovery import Discovery
from scanner.reading.live import Here, LiveSource
from scanner.reading.scope import Subscription
from scanner.scope.wanted import Wanted
from scanner.tables.children import PROVIDER
from scanner.tables.graph_rows import GRAPH
from scanner.tables.tabulate import item_kind

Clock = Callable[[], datetime]

_SAMPLE = 3
"""Workspaces to read in each subscription: enough to test every action, and cheap in any tenant."""

_SECONDS = 20

_STEPS = ("identity", "subscriptions", "Resource Graph", "permissions")
"""The tests of an examination after the network."""


@dataclass(frozen=True, kw_only=True)
class PlannedScan:
    """The scan to examine: its cloud, its identity and what it would read.

    `signs_in` means that this process itself requests tokens from the cloud's authority.
    """

    cloud: Cloud
    credential: AsyncSupportsTokenInfo
    ca_bundle: Path | None
    wanted: Wanted
    collection: Collection
    signs_in: bool
    patience: Patience


async def examined(scan: PlannedScan, clock: Clock) -> AsyncIterator[Finding]:
    """Yield the findings one by one. After one that makes a scan impossible, the rest is skipped."""
    todo, why = list(_STEPS), ""
    for part in (_network, _reading):
        async for finding in part(scan, clock):
            yield finding
            todo = [step for step in todo if step != finding.what]
            if finding.state is State.STOPPED:
                why = why or finding.what
        if why:
            break
    for step in todo if why else ():
        yield untried(step, f"not tested, because of the failure of: {why}")


async def _network(scan: PlannedScan, clock: Clock) -> AsyncIterator[Finding]:
    cloud = scan.cloud
    yield fine("cloud", f"{cloud.name}: {cloud.arm_endpoint}, tokens for {cloud.scope}")
    metadata = f"{cloud.arm_endpoint}/metadata/endpoints?api-version={METADATA_VERSIONS[0]}"
    hosts = {"Azure Resource Manager": metadata}
    if scan.signs_in:
        hosts["sign-in"] = f"{cloud.authority}/common/v2.0/.well-known/openid-configuration"
    seen: set[str] = set()
    for what, url in hosts.items():
        try:
            findings = await reached(what, url, scan.ca_bundle, clock)
        except CloudError as error:
            findings = [stopped(what, str(error), "Name a readable file of PEM certificates.")]
        for finding in findings:
            if finding.what not in seen:
                yield finding
            seen.add(finding.what)


async def reached(what: str, url: str, ca_bundle: Path | None, clock: Clock) -> list[Finding]:
    """Check whether a host answers, and compare its clock with ours.

    Any HTTP status is an answer. No token is sent and no redirect is followed.
    """
    parts = urlsplit(url)
    host, proxy = f"{parts.scheme}://{parts.netloc}", proxy_for(url)
    way = f"{host} through {_without_password(proxy)}" if proxy else host
    connector = aiohttp.TCPConnector(ssl=tls_context(ca_bundle))
    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout, proxy=proxy) as session,
            session.get(url, allow_redirects=False) as response,
        ):
            date = response.headers.get("Date")
    except (aiohttp.ClientError, TimeoutError) as error:
        message = str(error) or f"no answer within {_SECONDS} s"
        return [stopped(what, f"{way}: {type(error).__name__}: {message}", advice(error))]
    return [fine(what, f"{way} answers"), *_clock_findings(date, clock())]


def _clock_findings(date: str | None, now: datetime) -> list[Finding]:
    if date is None:
        return []
    if not is_clock_wrong(date, now):
        return [fine("clock", "differs from the server's by less than five minutes")]
    apart = now - parsedate_to_datetime(date)
    side = "ahead of" if apart.total_seconds() > 0 else "behind"
    return [limited("clock", f"{abs(apart)} {side} the server's", CLOCK)]


def _without_password(proxy: str) -> str:
    parts = urlsplit(proxy)
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")


async def _reading(scan: PlannedScan, clock: Clock) -> AsyncIterator[Finding]:
    arm = Arm(
        scan.cloud,
        scan.credential,
        clock=clock,
        patience=scan.patience,
        ca_bundle=scan.ca_bundle,
    )
    try:
        async with arm:
            yield fine("identity", str(arm.identity))
            items: list[Payload | Gap] = []
            source = LiveSource(
                arm,
                scan.wanted,
                collection=scan.collection,
                reader=_Sample(arm, scan.collection, scan.wanted),
                discovery=Discovery(arm, is_demanded=True),
            )
            await source.read(items.append)
    except CredentialError as error:
        action, _, detail = str(error).partition("\n")
        yield stopped("identity", detail or action, action)
        return
    except ScopeError as error:
        yield stopped("subscriptions", str(error), "Correct the scope.")
        return
    for finding in _findings(scan, items):
        yield finding


class _Sample:
    """Reads some workspaces of each subscription, and the provider's registration in the first one."""

    def __init__(self, arm: Arm, collection: Collection, wanted: Wanted) -> None:
        self._arm = arm
        self._here = Here(arm, collection=collection, wanted=wanted, at_most=_SAMPLE)

    async def read(self, chosen: Sequence[Subscription], keep: Keep) -> None:
        await self._here.read(chosen, keep)
        for subscription in chosen[:1]:
            scope = f"/subscriptions/{subscription.id}"
            ask = Ask(
                kind="provider",
                scope=scope,
                url=self._arm.url(f"{scope}/providers/{PROVIDER}", PROVIDER_API_VERSION),
                api_version=PROVIDER_API_VERSION,
                subscription_id=subscription.id,
            )
            keep(await self._arm.get(ask))


def _findings(scan: PlannedScan, items: Sequence[Payload | Gap]) -> list[Finding]:
    unlisted = [item for item in items if isinstance(item, Gap) and item.asked == "subscriptions"]
    if unlisted and not any(item_kind(item) == "workspaces" for item in items):
        return [stopped("subscriptions", f"{unlisted[0].code}: {unlisted[0].message}", unlisted[0].closes)]
    wanted = scan.wanted
    with_groups = bool(wanted.management_groups or wanted.known_groups or wanted.excluded_management_groups)
    actions = actions_for(scan.collection, with_groups=with_groups)
    others = [item for item in items if item_kind(item) != GRAPH]
    asked = [item for item in items if item_kind(item) == GRAPH]
    return [_subscriptions(items), *_graph(asked), *role_findings(actions, others)]


def _graph(asked: Sequence[Payload | Gap]) -> list[Finding]:
    gaps = [item for item in asked if isinstance(item, Gap)]
    if gaps:
        fix = f"{gaps[0].closes} Or scan with --discover arm, which does not compare with Resource Graph."
        return [limited("Resource Graph", f"{gaps[0].code}: {gaps[0].message}", fix)]
    shown = sum(json_members.count(item.document, "data") or 0 for item in asked if isinstance(item, Payload))
    return [fine("Resource Graph", f"answers, and lists {counted(shown, 'workspace')}")] if asked else []


def _subscriptions(items: Sequence[Payload | Gap]) -> Finding:
    payloads = [item for item in items if isinstance(item, Payload)]
    listed = [each for page in payloads if page.kind == "subscriptions" for each in _values(page)]
    found = sum(len(_values(page)) for page in payloads if page.kind == "workspaces")
    tenants = sorted({json_members.text(each, "tenantId") or "" for each in listed} - {""})
    where = f" of {counted(len(tenants), 'tenant')}" if len(tenants) > 1 else ""
    seen = f"{len(listed)} visible{where}; {counted(found, 'workspace')} on the first pages of the lists"
    if found:
        return fine("subscriptions", seen)
    fix = "If you expect workspaces, check --tenant and the scope of the role assignment."
    return untried("subscriptions", seen, fix)


def _values(page: Payload) -> list[json_members.Object]:
    return json_members.objects(page.document, "value") or []
