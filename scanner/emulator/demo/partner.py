"""Demo, partner and finance: what crosses borders, and the subscription nobody may read."""

from __future__ import annotations

from scanner.emulator.demo.places import FINANCE, PARTNER, PRODUCTION_ID, STRANGER, STRANGER_ID
from scanner.emulator.demo.production import hardened, project
from scanner.emulator.tenants.builders import Site, workspace
from scanner.emulator.tenants.dependencies import closed, insights, registry, vault
from scanner.emulator.tenants.network import (
    APPROVED,
    INTERNET,
    connection,
    managed_network,
    private,
    private_endpoints,
)
from scanner.emulator.tenants.roles import CONTRIBUTOR, READER, assignment, principal_of, user_assigned
from scanner.emulator.tenants.rules import private_endpoint, required_endpoints, required_rules
from scanner.emulator.tenants.tenant import Resource

_FINANCE_HUB = Site(place=FINANCE, name="hub-finance")


def partner_resources() -> list[Resource]:
    """Return every resource in the subscription that the partner delegated."""
    return [*_bench(), _orphan_project(), *_feature_store()]


def finance_resources() -> list[Resource]:
    """Return the resources of the unreadable subscription; the demo's default fault hides them."""
    site = _FINANCE_HUB
    body = workspace(
        site,
        hardened(site),
        private(),
        private_endpoints(connection(site)),
        managed_network(site, APPROVED, required_rules(site)),
        kind="Hub",
    )
    return [
        Resource(body=body, teaches="nothing: it is in the subscription that answers 403"),
        *closed(site),
    ]


def _bench() -> list[Resource]:
    site = Site(place=PARTNER, name="mlw-partner-bench")
    foreign = STRANGER.id_of("Microsoft.Storage/storageAccounts", "stcollector")
    rules = {**required_endpoints(site), "collector": private_endpoint(foreign, "blob")}
    body = workspace(
        site,
        private(),
        private_endpoints(
            connection(site, "pe-pending", status="Pending"),
            connection(site, "pe-refused", status="Rejected"),
            connection(site, "pe-gone", status="Disconnected"),
            connection(site, "pe-stranger", status="Pending", subscription=STRANGER_ID),
        ),
        managed_network(site, INTERNET, rules),
        {"storageAccount": _FINANCE_HUB.storage},
    )
    return [
        Resource(
            body=body,
            teaches="no connection approved, strangers waiting, a target abroad, storage out of sight",
        ),
        *(Resource(body=item) for item in (vault(site), registry(site), insights(site))),
    ]


def _orphan_project() -> Resource:
    site = Site(place=PARTNER, name="proj-partner-pilot")
    return Resource(
        body=project(site, _FINANCE_HUB), teaches="a project whose hub cannot be read: undetermined"
    )


def _feature_store() -> list[Resource]:
    site = Site(place=PARTNER, name="fs-partner-features")
    user_identity = PARTNER.id_of("Microsoft.ManagedIdentity/userAssignedIdentities", "id-features")
    body = workspace(
        site,
        hardened(site),
        private(),
        private_endpoints(connection(site, subscription=PRODUCTION_ID)),
        managed_network(site, INTERNET, required_endpoints(site)),
        {"primaryUserAssignedIdentity": user_identity},
        kind="FeatureStore",
        identity=user_assigned(user_identity),
    )
    return [
        Resource(
            body=body,
            teaches="a feature store in good posture, with a user-assigned identity that may not approve the endpoint "
            "of the registry; Microsoft.Network is not registered in its subscription",
        ),
        *(
            assignment(each, principal_of(user_identity), CONTRIBUTOR)
            for each in (site.storage, site.vault, site.id)
        ),
        assignment(site.registry, principal_of(user_identity), READER),
        *closed(site),
    ]
