"""Demo, research: public workspaces, careless addresses, and managed networks half set up."""

from __future__ import annotations

from scanner.emulator.demo.places import NOTEBOOKS, RESEARCH
from scanner.emulator.demo.production import hardened, project
from scanner.emulator.tenants.builders import Site, workspace
from scanner.emulator.tenants.dependencies import (
    closed,
    diagnostics,
    insights,
    opened,
    perimeter,
    registry,
    storage,
    vault,
)
from scanner.emulator.tenants.network import (
    APPROVED,
    INTERNET,
    connection,
    managed_network,
    no_managed_network,
    private,
    private_endpoints,
    public,
    selected,
)
from scanner.emulator.tenants.rules import (
    fqdn,
    inactive,
    private_endpoint,
    required_endpoints,
    required_rules,
)
from scanner.emulator.tenants.tenant import Resource
from scanner.emulator.tenants.workloads import (
    batch_endpoint,
    cluster,
    deployment,
    elsewhere,
    instance,
    kubernetes,
    older,
    online_endpoint,
    virtual_machine,
)
from scanner.emulator.versions import without

_SUBNET = (
    "/subscriptions/{}/resourceGroups/rg-network/providers/Microsoft.Network/virtualNetworks/vnet/subnets/ml"
)


def research_resources() -> list[Resource]:
    """Everything in the research subscription but the workspaces that teach about rules."""
    return [
        *(*_sandbox(), *_notebooks(), *_wide_addresses(), *_lingering()),
        *(*_waiting(), *_not_provisioned(), *_listless(), *_spark(), *_attached(), *_partly_closed()),
        *_ideas(),
    ]


def _ideas() -> list[Resource]:
    hub = Site(place=RESEARCH, name="hub-ideas")
    projects = [Site(place=RESEARCH, name=f"proj-ideas-{name}") for name in ("chat", "search", "vision")]
    own = {**hardened(hub), "associatedWorkspaces": [each.id for each in projects]}
    teaches = "a public hub without a managed network: its projects inherit each violation, which counts once"
    return [
        Resource(body=workspace(hub, public(), no_managed_network(), own, kind="Hub"), teaches=teaches),
        diagnostics(hub),
        *(
            Resource(
                body=project(each, hub),
                teaches="a project of a public hub: it inherits what the hub violates",
            )
            for each in projects
        ),
        *closed(hub),
    ]


def _sandbox() -> list[Resource]:
    site = Site(place=RESEARCH, name="mlw-sandbox-01")
    body = workspace(site, public(), no_managed_network(), identity={"type": "None"})
    return [
        Resource(
            body=body, teaches="everything open: public workspace, computes, endpoints and dependencies"
        ),
        cluster(site, "gpu-open", public_ip=True, login="Enabled"),
        instance(site, "ci-open", public_address="20.50.120.9", ssh="Enabled", is_latest=False),
        online_endpoint(site, "try-me", access="Enabled", auth="Key"),
        deployment(site, "try-me"),
        batch_endpoint(site, "try-me-batch", auth="Key"),
        *opened(site),
    ]


def _notebooks() -> list[Resource]:
    site = Site(place=NOTEBOOKS, name="MLW_Notebooks-EU")
    body = workspace(site, public(), {"applicationInsights": None, "containerRegistry": ""})
    lowered = {**body, "id": site.id.lower()}
    return [
        Resource(
            body=lowered, teaches="ids spelled in lower case, no managedNetwork key, no registry, no insights"
        ),
        cluster(site, "cpu-old", public_ip=None),
        *(Resource(body=item) for item in (storage(site), vault(site))),
    ]


def _wide_addresses() -> list[Resource]:
    site = Site(place=RESEARCH, name="mlw-wide-addresses")
    addresses = ("0.0.0.0/0", "10.0.0.0/8", "20.0.0.0/8", "203.0.113.7", "2001:db8::/32", "office")
    body = workspace(site, selected(*addresses), no_managed_network())
    return [
        Resource(
            body=body,
            teaches="selected addresses that select nothing: everybody, private, reserved, malformed; "
            "perimeters that open dependencies with public access disabled",
        ),
        online_endpoint(site, "demo-endpoint", access=None),
        *closed(site),
        perimeter(site, site.storage, "Enforced", {"addressPrefixes": ["0.0.0.0/0"]}),
        perimeter(
            site,
            site.vault,
            "Learning",
            {"subscriptions": [{"id": "/subscriptions/99999999-8888-7777-6666-555555555555"}]},
            issues=[_PROPAGATION],
        ),
    ]


_PROPAGATION = {
    "name": "propagation",
    "properties": {
        "issueType": "ConfigurationPropagationFailure",
        "severity": "Error",
        "description": "The access rules did not reach the resource.",
    },
}


def _lingering() -> list[Resource]:
    site = Site(place=RESEARCH, name="mlw-lingering-rules")
    body = workspace(
        site,
        private("20.61.14.0/26"),
        private_endpoints(connection(site)),
        managed_network(site, INTERNET, required_endpoints(site)),
    )
    return [
        Resource(
            body=body, teaches="address rules left behind a closed door; an endpoint still honours them"
        ),
        online_endpoint(site, "left-open", access="Enabled"),
        *closed(site),
    ]


def _waiting() -> list[Resource]:
    site = Site(place=RESEARCH, name="mlw-inactive-idle")
    network = managed_network(site, INTERNET, inactive(required_endpoints(site)), status="Inactive")
    body = workspace(site, private(), private_endpoints(connection(site)), network)
    return [Resource(body=body, teaches="an inactive managed network that nothing needs yet"), *closed(site)]


def _not_provisioned() -> list[Resource]:
    site = Site(place=RESEARCH, name="mlw-not-provisioned")
    network = managed_network(site, APPROVED, inactive(required_rules(site)), status="Inactive")
    body = workspace(site, private(), network)
    return [
        Resource(
            body=body,
            teaches="not provisioned although computes wait for it, and no private endpoint to reach it",
        ),
        cluster(site, "cpu-waiting"),
        online_endpoint(site, "waiting"),
        *closed(site),
    ]


def _listless() -> list[Resource]:
    site = Site(place=RESEARCH, name="mlw-list-says-nothing")
    network = managed_network(site, INTERNET, required_endpoints(site))
    body = workspace(site, private(), private_endpoints(connection(site)), network)
    return [
        Resource(
            body=body,
            listed=without(body, ("properties", "managedNetwork")),
            teaches="LIST leaves managedNetwork out: only GET shows that it is on",
        ),
        *closed(site),
    ]


def _spark() -> list[Resource]:
    site = Site(place=RESEARCH, name="mlw-spark-lab")
    lake = RESEARCH.id_of("Microsoft.Storage/storageAccounts", "stsparklake")
    rules = {**required_endpoints(site), "spark-lake": private_endpoint(lake, "dfs", spark=True)}
    serverless = {
        "serverlessComputeCustomSubnet": _SUBNET.format(RESEARCH.subscription),
        "serverlessComputeNoPublicIP": False,
    }
    body = workspace(
        site, public(), managed_network(site, INTERNET, rules), {"serverlessComputeSettings": serverless}
    )
    return [
        Resource(
            body=body,
            teaches="Spark not ready, provisioned while public, serverless compute with public addresses",
        ),
        *closed(site),
    ]


def _attached() -> list[Resource]:
    site = Site(place=RESEARCH, name="mlw-attached-computes")
    network = managed_network(site, INTERNET, required_endpoints(site))
    body = workspace(site, private(), private_endpoints(connection(site)), network)
    return [
        Resource(
            body=body,
            teaches="computes a managed network does not cover: attached, elsewhere, in a custom subnet; "
            "an online endpoint on Kubernetes, and a compute older than the private endpoint",
        ),
        kubernetes(site, "aks-edge"),
        online_endpoint(site, "edge-api", access="Enabled", cluster_name="aks-edge"),
        virtual_machine(site, "vm-dsvm", "20.105.33.17"),
        elsewhere(cluster(site, "gpu-far"), "eastus"),
        older(cluster(site, "cpu-before-link"), "2020-01-31T12:00:00.0000000Z"),
        cluster(site, "cpu-own-subnet", subnet=_SUBNET.format(RESEARCH.subscription)),
        *closed(site),
    ]


def _partly_closed() -> list[Resource]:
    site = Site(place=RESEARCH, name="mlw-internet-with-names")
    rules = {**required_endpoints(site, registry=False), "pypi": fqdn("pypi.org")}
    body = workspace(
        site, private(), private_endpoints(connection(site)), managed_network(site, INTERNET, rules)
    )
    beside = {"virtualNetworkRules": [{"id": _SUBNET.format(RESEARCH.subscription), "action": "Allow"}]}
    acls = {"defaultAction": "Deny", "bypass": "None", "ipRules": [], "resourceAccessRules": [], **beside}
    dependencies = (
        storage(site, publicNetworkAccess="Enabled", networkAcls=acls),
        {**vault(site, enablePurgeProtection=None), "location": "eastus"},
        registry(site),
        insights(site),
    )
    return [
        Resource(
            body=body,
            teaches="a host-name rule where the mode allows none, and dependencies closed by half or far away",
        ),
        *(Resource(body=item) for item in dependencies),
    ]
