"""Looks, before a first scan, for what would keep it from reading: network, clock, identity, roles."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from azure.core.credentials_async import AsyncSupportsTokenInfo

from scanner.azure.arm import Arm
from scanner.azure.clouds import METADATA_VERSIONS, Cloud
from scanner.azure.pipeline import Patience
from scanner.doctor.connection import reached
from scanner.doctor.examination import Finding, State, fine, limited, stopped
from scanner.doctor.permissions import actions_for
from scanner.doctor.roles import role_findings
from scanner.errors import CloudError, CredentialError, ScopeError
from scanner.payloads import json_members
from scanner.payloads.payload import Gap, Keep, Payload
from scanner.payloads.questions import Ask
from scanner.reading.api_versions import PROVIDER, PROVIDER_API_VERSION
from scanner.reading.collection import Collection
from scanner.reading.discovery import Discovery
from scanner.reading.live import Here, LiveSource
from scanner.reading.scope import Subscription, Wanted
from scanner.tables.graph_rows import KIND as GRAPH
from scanner.tables.tabulate import item_kind

_SAMPLE = 3
"""So many workspaces of each subscription are read: enough to see what is allowed, cheap in any tenant."""


@dataclass(frozen=True, kw_only=True)
class Patient:
    """The scan to be: where, as whom and what it would read.

    `signs_in` says whether this process itself asks the cloud's authority for tokens.
    """

    cloud: Cloud
    credential: AsyncSupportsTokenInfo
    ca_bundle: Path | None
    wanted: Wanted
    collection: Collection
    signs_in: bool
    patience: Patience


async def examined(patient: Patient, clock: Callable[[], datetime]) -> AsyncIterator[Finding]:
    """One finding after the other, as they are made; where one stops a scan, it is the last."""
    for stage in (_network, _reading):
        has_stopped = False
        async for finding in stage(patient, clock):
            yield finding
            has_stopped |= finding.state is State.STOPPED
        if has_stopped:
            return


async def _network(patient: Patient, clock: Callable[[], datetime]) -> AsyncIterator[Finding]:
    cloud = patient.cloud
    yield fine("cloud", f"{cloud.name}: {cloud.arm_endpoint}, tokens for {cloud.scope}")
    metadata = f"{cloud.arm_endpoint}/metadata/endpoints?api-version={METADATA_VERSIONS[0]}"
    hosts = {"Azure Resource Manager": metadata}
    if patient.signs_in:
        hosts["sign-in"] = f"{cloud.authority}/common/v2.0/.well-known/openid-configuration"
    seen: set[str] = set()
    for what, url in hosts.items():
        try:
            findings = await reached(what, url, patient.ca_bundle, clock)
        except CloudError as error:
            findings = [stopped(what, str(error), "Name a readable file of PEM certificates.")]
        for finding in findings:
            if finding.what not in seen:
                yield finding
            seen.add(finding.what)


async def _reading(patient: Patient, clock: Callable[[], datetime]) -> AsyncIterator[Finding]:
    arm = Arm(
        patient.cloud,
        patient.credential,
        clock=clock,
        patience=patient.patience,
        ca_bundle=patient.ca_bundle,
    )
    try:
        async with arm:
            yield fine("identity", str(arm.identity))
            items: list[Payload | Gap] = []
            source = LiveSource(
                arm,
                patient.wanted,
                collection=patient.collection,
                reader=_Sample(arm, patient.collection),
                discovery=Discovery(arm, is_demanded=True),
            )
            await source.read(items.append)
    except CredentialError as error:
        lines = str(error).splitlines()
        yield stopped("identity", lines[0], lines[-1])
        return
    except ScopeError as error:
        yield stopped("subscriptions", str(error), "Correct --subscription.")
        return
    for finding in _findings(patient, items):
        yield finding


class _Sample:
    """Reads of each subscription whether Machine Learning is registered, and some workspaces."""

    def __init__(self, arm: Arm, collection: Collection) -> None:
        self._arm = arm
        self._here = Here(arm, collection=collection, at_most=_SAMPLE)

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


def _findings(patient: Patient, items: Sequence[Payload | Gap]) -> list[Finding]:
    nothing = [item for item in items if isinstance(item, Gap) and item.code == "NoSubscriptionVisible"]
    if nothing:
        return [stopped("subscriptions", nothing[0].message, nothing[0].closes)]
    with_groups = bool(patient.wanted.management_groups or patient.wanted.known_groups)
    actions = actions_for(patient.collection, with_groups=with_groups)
    others = [item for item in items if item_kind(item) != GRAPH]
    asked = [item for item in items if item_kind(item) == GRAPH]
    return [_subscriptions(items), *_graph(asked), *role_findings(actions, others)]


def _graph(asked: Sequence[Payload | Gap]) -> list[Finding]:
    gaps = [item for item in asked if isinstance(item, Gap)]
    if gaps:
        told = f"{gaps[0].code}: {gaps[0].message}"
        fix = f"{gaps[0].closes} Or scan with --discover arm, without its second opinion on what there is."
        return [limited("Resource Graph", told, fix)]
    shown = sum(json_members.count(item.document, "data") or 0 for item in asked if isinstance(item, Payload))
    return [fine("Resource Graph", f"answers, and shows {shown} workspaces")] if asked else []


def _subscriptions(items: Sequence[Payload | Gap]) -> Finding:
    payloads = [item for item in items if isinstance(item, Payload)]
    listed = [each for page in payloads if page.kind == "subscriptions" for each in _values(page)]
    found = sum(len(_values(page)) for page in payloads if page.kind == "workspaces")
    tenants = sorted({json_members.text(each, "tenantId") or "" for each in listed} - {""})
    where = f" of {len(tenants)} tenants" if len(tenants) > 1 else ""
    seen = f"{len(listed)} visible{where}; {found} workspaces on the first pages of their lists"
    if found:
        return fine("subscriptions", seen)
    fix = "If there should be workspaces, check --tenant and where the role was assigned."
    return Finding(what="subscriptions", state=State.UNTRIED, seen=seen, fix=fix)


def _values(page: Payload) -> list[json_members.Object]:
    return json_members.objects(page.document, "value") or []
