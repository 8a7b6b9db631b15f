"""A tenant whose workspaces differ in resource group, tags, hub, and in the state and offer of their subscription."""

from __future__ import annotations

from scanner.emulator.demo.production import project
from scanner.emulator.tenants.builders import (
    Place,
    Site,
    child_group,
    descendant,
    guid,
    subscription,
    workspace,
)
from scanner.emulator.tenants.dependencies import closed
from scanner.emulator.tenants.identity import TENANT_ID
from scanner.emulator.tenants.network import INTERNET, managed_network, private, public
from scanner.emulator.tenants.rules import fqdn, private_endpoint
from scanner.emulator.tenants.tenant import Document, Resource, Tenant
from scanner.emulator.versions import without

TEAMS, OLD = guid("scope", "teams"), guid("scope", "old")
OWNER = "jane.doe@contoso.example"


def _site(name: str, group: str, subscription_id: str = TEAMS) -> Site:
    return Site(place=Place(subscription=subscription_id, group=group, location="westeurope"), name=name)


HUB = _site("hub-shared", "rg-platform")
PROJECT = _site("prj-vision", "rg-Team-a")
VISION = _site("mlw-vision", "rg-Team-a")
SPEECH = _site("mlw-speech", "rg-team-b")
PLAIN = _site("mlw-plain", "rg-team-b")
SILENT = _site("mlw-silent", "rg-team-b")
RETIRED = _site("mlw-retired", "rg-old", OLD)


def team_tenant(*, hub_is_public: bool = True) -> Tenant:
    """Two subscriptions: one of teams with a shared hub, and one that is disabled and of another offer."""
    teams, old = _subscriptions()
    return Tenant(
        name="teams",
        tenant_id=TENANT_ID,
        subscriptions=(teams, old),
        resources=tuple(_resources(hub_is_public=hub_is_public)),
        management_groups={
            "corp": (
                child_group("sandbox", "Sandbox", "corp"),
                descendant(teams, "corp"),
                descendant(old, "sandbox"),
            ),
            "sandbox": (descendant(old, "sandbox"),),
        },
    )


def _subscriptions() -> tuple[Document, Document]:
    old = subscription(OLD, "Old lab", state="Disabled")
    old["subscriptionPolicies"]["quotaId"] = "MSDN_2014-09-01"
    return subscription(TEAMS, "Teams"), old


def _resources(*, hub_is_public: bool) -> list[Resource]:
    network = managed_network(HUB, INTERNET, {"store": private_endpoint(HUB.storage, "blob")})
    hub = workspace(
        HUB, public() if hub_is_public else private(), network, kind="Hub", tags={"env": "shared"}
    )
    vision_project = project(PROJECT, HUB) | {"tags": {"ENV": "Prod"}}
    rules = managed_network(VISION, INTERNET, {"packages": fqdn("pypi.org")})
    vision = workspace(VISION, private(), rules, tags={"Env": "prod-eu", "owner": OWNER})
    speech = workspace(SPEECH, public(), tags={"env": "dev"})
    silent = without(workspace(SILENT, public()), ("tags",))
    bodies = (hub, vision_project, vision, speech, workspace(PLAIN, public()), silent)
    return [
        *closed(HUB),
        *(Resource(body=body) for body in bodies),
        Resource(body=workspace(RETIRED, public(), tags={"env": "prod"})),
    ]
