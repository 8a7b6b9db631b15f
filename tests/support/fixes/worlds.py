"""Tenants that no demo workspace resembles, and what their resources fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from scanner.emulator.demo.places import PRODUCTION
from scanner.emulator.demo.production import project
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.tenants.builders import Site, workspace
from scanner.emulator.tenants.dependencies import closed, diagnostics, opened
from scanner.emulator.tenants.network import (
    APPROVED,
    INTERNET,
    connection,
    managed_network,
    private,
    private_endpoints,
    public,
    selected,
)
from scanner.emulator.tenants.roles import APPROVER, assignment, principal_of, user_assigned
from scanner.emulator.tenants.rules import (
    fqdn,
    private_endpoint,
    required_endpoints,
    required_rules,
    service_tag,
)
from scanner.emulator.tenants.tenant import Document, Resource, Tenant
from scanner.emulator.tenants.workloads import (
    batch_endpoint,
    cluster,
    deployment,
    instance,
    kubernetes,
    online_endpoint,
    serverless_endpoint,
    virtual_machine,
)

_LAKE = PRODUCTION.id_of("Microsoft.Storage/storageAccounts", "stlake")


def _tenant(*resources: Resource) -> Tenant:
    return replace(demo_tenant(), resources=resources, default_faults=())


def _site(name: str) -> Site:
    return Site(place=PRODUCTION, name=name)


def _own_rules() -> dict[str, Document]:
    return {
        "any-storage": service_tag("Storage.WestEurope", ports="443, 445"),
        "prefixes": service_tag("Sql", protocol="*", ports="*", prefixes=("0.0.0.0/0", "20.1.2.0/24")),
        "narrow": service_tag("DataFactory", ports="1-65535", prefixes=("20.1.2.0/24",)),
        "every-host": fqdn("*"),
        "failed-host": fqdn("mirror.example.org", status="Failed", errorInformation="quota"),
        "lake": private_endpoint(_LAKE, "nonsense"),
        "down": private_endpoint(_LAKE, "blob", status="Failed", errorInformation="refused"),
    }


def _hub() -> Tenant:
    hub, child = _site("hub-open"), _site("proj-open")
    body = workspace(
        hub,
        public(),
        managed_network(hub, APPROVED, {**required_rules(hub, without=("AzureMonitor",)), **_own_rules()}),
        {"associatedWorkspaces": [child.id]},
        kind="Hub",
    )
    return _tenant(
        Resource(body=body),
        Resource(body=project(child, hub)),
        *_served(hub),
        *_served(child),
        *opened(hub),
    )


def _served(site: Site) -> list[Resource]:
    """Return endpoints of all kinds, open and with keys."""
    return [
        online_endpoint(site, "open-api", access="Enabled", auth="Key"),
        deployment(site, "open-api", egress="Disabled"),
        serverless_endpoint(site, "catalogue"),
        batch_endpoint(site, "nightly", auth="Key"),
        cluster(site, "cpu-open", public_ip=True, login="Enabled"),
    ]


def _feature_store() -> Tenant:
    site = _site("fs-open")
    identity = PRODUCTION.id_of("Microsoft.ManagedIdentity/userAssignedIdentities", "id-fs")
    body = workspace(
        site,
        public(),
        managed_network(site, INTERNET, {**required_endpoints(site), "lake": private_endpoint(_LAKE, "odd")}),
        {"primaryUserAssignedIdentity": identity},
        kind="FeatureStore",
        identity=user_assigned(identity),
    )
    return _tenant(Resource(body=body), *_served(site), *opened(site))


def _user_assigned() -> Tenant:
    site = _site("mlw-identity")
    identity = PRODUCTION.id_of("Microsoft.ManagedIdentity/userAssignedIdentities", "id-mlw")
    body = workspace(
        site,
        public(),
        managed_network(site, APPROVED, required_rules(site)),
        identity=user_assigned(identity),
    )
    group = site.id.partition("/providers/")[0]
    return _tenant(
        Resource(body=body),
        assignment(group, principal_of(identity), APPROVER),
        *_served(site),
        *opened(site),
    )


def _spark() -> Tenant:
    site = _site("mlw-spark")
    rules = {
        **required_rules(site),
        "spark-lake": private_endpoint(_LAKE, "dfs", spark=True),
        "lake": private_endpoint(_LAKE, "dfs"),
        "spark-odd": private_endpoint(_LAKE, "odd", spark=True),
        "spark-down": private_endpoint(_LAKE, "blob", spark=True, status="Failed", errorInformation="x"),
        "blob": private_endpoint(_LAKE, "blob", status="Inactive"),
    }
    body = workspace(
        site, private(), private_endpoints(connection(site)), managed_network(site, APPROVED, rules)
    )
    return _tenant(Resource(body=body), diagnostics(site), *closed(site))


def _attached() -> Tenant:
    site = _site("mlw-attached")
    body = workspace(
        site, public(), managed_network(site, INTERNET, required_endpoints(site), status="Inactive")
    )
    return _tenant(
        Resource(body=body),
        kubernetes(site, "aks-edge"),
        online_endpoint(site, "edge-api", access="Enabled", auth="Key", cluster_name="aks-edge"),
        deployment(site, "edge-api", egress="Disabled"),
        *closed(site),
    )


def _off() -> Tenant:
    site = _site("mlw-off")
    body = workspace(site, public())
    return _tenant(
        Resource(body=body),
        kubernetes(site, "aks-edge"),
        online_endpoint(site, "edge-api", access="Enabled", auth="Key", cluster_name="aks-edge"),
        instance(site, "ci-open", public_address="20.50.120.9", ssh="Enabled", is_latest=False),
        *_served(site),
        *opened(site),
    )


def _two_endpoints() -> Tenant:
    site = _site("mlw-two")
    body = workspace(
        site,
        public(),
        private_endpoints(connection(site), connection(site, "pe-refused", status="Rejected")),
        managed_network(site, INTERNET, required_endpoints(site)),
    )
    return _tenant(Resource(body=body), *_served(site), *closed(site))


def _traffic() -> Tenant:
    site = _site("mlw-traffic")
    body = workspace(
        site,
        public(),
        private_endpoints(connection(site)),
        managed_network(site, APPROVED, required_rules(site)),
    )
    endpoint = online_endpoint(site, "split", access="Enabled", auth="Key")
    properties = {
        **endpoint.body["properties"],
        "traffic": {"blue": 90, "green": 10},
        "mirrorTraffic": {"next": 5},
        "description": "scores",
    }
    identity = PRODUCTION.id_of("Microsoft.ManagedIdentity/userAssignedIdentities", "id-split")
    split = Resource(
        body={
            **endpoint.body,
            "properties": properties,
            "identity": user_assigned(identity),
            "tags": {"a": "b"},
        }
    )
    return _tenant(
        Resource(body=body),
        split,
        *(deployment(site, "split", name=each, egress="Disabled") for each in ("blue", "green", "next")),
        *closed(site),
    )


def _basic() -> Tenant:
    site = _site("mlw-basic")
    rules = {
        **required_rules(site, without=("AzureMonitor",)),
        **_own_rules(),
        "upper": fqdn("PyPI.org"),
        "upper-hf": fqdn("HuggingFace.co", status="Inactive"),
    }
    body = workspace(site, selected("20.50.0.0/8"), managed_network(site, APPROVED, rules, firewall="Basic"))
    return _tenant(Resource(body=body), *_served(site), *opened(site))


def _upper() -> Tenant:
    site = _site("mlw-upper")
    rules = {
        **required_rules(site),
        "upper": fqdn("PyPI.org"),
        "upper-conda": fqdn("Anaconda.com"),
        "upper-hf": fqdn("CDN-LFS.HuggingFace.co"),
        "upper-code": fqdn("Update.Code.VisualStudio.com"),
        "failed": fqdn("PyTorch.org", status="Failed", errorInformation="quota"),
    }
    body = workspace(
        site, private(), private_endpoints(connection(site)), managed_network(site, APPROVED, rules)
    )
    return _tenant(Resource(body=body), *closed(site))


def _attached_alone() -> Tenant:
    """Return a workspace that Azure isolates at once, although an attached cluster serves an endpoint."""
    site = _site("mlw-edge")
    return _tenant(
        Resource(body=workspace(site, public())),
        kubernetes(site, "aks-edge"),
        online_endpoint(site, "edge-api", access="Enabled", auth="Key", cluster_name="aks-edge"),
        virtual_machine(site, "vm", "20.105.33.17"),
        *closed(site),
    )


def _government() -> Tenant:
    site = Site(place=replace(PRODUCTION, location="usgovvirginia"), name="mlw-gov")
    body = workspace(
        site,
        public(),
        managed_network(site, APPROVED, required_rules(site, without=("BatchNodeManagement",))),
    )
    return _tenant(Resource(body=body), *_served(site), *opened(site))


def _unhealthy() -> Tenant:
    """Return a workspace with rules that failed, and one that shares its key vault."""
    site, other = _site("mlw-unhealthy"), _site("mlw-other")
    rules = {
        **required_rules(site),
        "sql": service_tag("SQL.westeurope", ports="1433", status="Failed", errorInformation="quota"),
        "wide": fqdn("*.Docker.com", status="Failed", errorInformation="quota"),
        "part": fqdn("auth.docker.com"),
        "dotted": fqdn("pypi.org."),
    }
    identity = PRODUCTION.id_of("Microsoft.ManagedIdentity/userAssignedIdentities", "id-both")
    both = {
        **user_assigned(identity),
        "type": "SystemAssigned,UserAssigned",
        "principalId": principal_of(site.id),
    }
    body = workspace(site, public(), managed_network(site, APPROVED, rules, firewall="Basic"), identity=both)
    sharing = workspace(other, public(), {"keyVault": site.vault})
    return _tenant(Resource(body=body), Resource(body=sharing), *_served(site), *opened(site), *opened(other))


WORLDS: Final[Mapping[str, Callable[[], Tenant]]] = {
    "hub": _hub,
    "feature-store": _feature_store,
    "user-assigned": _user_assigned,
    "spark": _spark,
    "attached": _attached,
    "off": _off,
    "two-endpoints": _two_endpoints,
    "traffic": _traffic,
    "basic": _basic,
    "upper": _upper,
    "attached-alone": _attached_alone,
    "government": _government,
    "unhealthy": _unhealthy,
}
