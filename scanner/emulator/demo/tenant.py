"""The demo tenant: Larkfield Energy, an invented company whose workspaces each teach something."""

from __future__ import annotations

from scanner.emulator.demo.legacy import legacy_resources
from scanner.emulator.demo.partner import finance_resources, partner_resources
from scanner.emulator.demo.places import (
    EMPTY_ID,
    FINANCE_ID,
    LEGACY_ID,
    PARTNER_ID,
    PARTNER_TENANT_ID,
    PRODUCTION_ID,
    RESEARCH_ID,
)
from scanner.emulator.demo.production import production_resources
from scanner.emulator.demo.research import research_resources
from scanner.emulator.demo.rules import rule_lessons
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.tenants.builders import child_group, descendant, subscription
from scanner.emulator.tenants.identity import TENANT_ID
from scanner.emulator.tenants.networks import networks
from scanner.emulator.tenants.tenant import Document, Graph, Resource, Tenant

_WITH_NETWORKS = (PRODUCTION_ID, RESEARCH_ID, LEGACY_ID)
_DOCKERS = ("10.30.0.0/16", "172.17.8.0/21")
"""Addresses of which some are those of the Docker bridge."""

ROOT_GROUP, DATA_GROUP = "mg-larkfield", "mg-larkfield-data"


def demo_tenant() -> Tenant:
    """Six subscriptions: three to learn from, one delegated by a partner, one unreadable, one empty."""
    subscriptions = _subscriptions()
    resources = _resources()
    return Tenant(
        name="demo",
        tenant_id=TENANT_ID,
        subscriptions=subscriptions,
        resources=(*resources, *networks(resources, of=_WITH_NETWORKS, prefixes={"vnet-tools": _DOCKERS})),
        management_groups=_management_groups(subscriptions),
        default_faults=(Fault(kind=FaultKind.STATUS, status=403, subscription=FINANCE_ID),),
        unregistered=frozenset({EMPTY_ID}),
        registration_states={f"{PARTNER_ID}/microsoft.network": "NotRegistered"},
        graph=Graph(hidden=frozenset({f"/subscriptions/{FINANCE_ID}"})),
    )


def _resources() -> tuple[Resource, ...]:
    return (
        *production_resources(),
        *rule_lessons(),
        *research_resources(),
        *legacy_resources(),
        *partner_resources(),
        *finance_resources(),
    )


def _subscriptions() -> tuple[Document, ...]:
    return (
        subscription(PRODUCTION_ID, "Larkfield ML Production"),
        subscription(RESEARCH_ID, "Larkfield ML Research"),
        subscription(LEGACY_ID, "Larkfield Legacy Analytics", state="Warned"),
        subscription(
            PARTNER_ID, "Brightwater Partner Lab", tenant_id=PARTNER_TENANT_ID, managed_by=(TENANT_ID,)
        ),
        subscription(FINANCE_ID, "Larkfield Finance (restricted)"),
        subscription(EMPTY_ID, "Larkfield Landing Zone 07"),
    )


def _management_groups(subscriptions: tuple[Document, ...]) -> dict[str, tuple[Document, ...]]:
    production, research, legacy, _, finance, empty = subscriptions
    in_data = tuple(descendant(item, DATA_GROUP) for item in (production, research, legacy))
    in_root = tuple(descendant(item, ROOT_GROUP) for item in (finance, empty))
    return {
        ROOT_GROUP: (child_group(DATA_GROUP, "Data and AI", ROOT_GROUP), *in_data, *in_root),
        DATA_GROUP: in_data,
    }
