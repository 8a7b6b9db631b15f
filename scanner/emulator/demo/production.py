"""Demo, production: how it should look in both managed modes, a hub, and selected addresses done well."""

from __future__ import annotations

from scanner.emulator.demo.places import ASSISTANTS, PRODUCTION
from scanner.emulator.tenants.builders import Site, workspace
from scanner.emulator.tenants.dependencies import closed, diagnostics
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
from scanner.emulator.tenants.roles import APPROVER, assignment, principal_of
from scanner.emulator.tenants.rules import (
    fqdn,
    private_endpoint,
    required_endpoints,
    required_rules,
    service_tag,
)
from scanner.emulator.tenants.tenant import Document, Resource
from scanner.emulator.tenants.workloads import (
    batch_endpoint,
    cluster,
    deployment,
    instance,
    online_endpoint,
    serverless_endpoint,
)


def production_resources() -> list[Resource]:
    """Everything in the production subscription but the workspaces that teach about rules."""
    return [*_forecast(), *_vision(), *_scoring(), *_hub(), *_projects()]


def hardened(site: Site) -> Document:
    """The properties of a workspace's own protection, all as wanted."""
    key = f"https://{site.vault.rpartition('/')[2]}.vault.azure.net/keys/workspace/0123456789abcdef"
    return {
        "hbiWorkspace": True,
        "allowPublicAccessWhenBehindVnet": False,
        "encryption": {
            "status": "Enabled",
            "keyVaultProperties": {"keyVaultArmId": site.vault, "keyIdentifier": key},
        },
        "systemDatastoresAuthMode": "Identity",
        "imageBuildCompute": "cpu-build",
        "serverlessComputeSettings": {
            "serverlessComputeCustomSubnet": None,
            "serverlessComputeNoPublicIP": True,
        },
    }


def _forecast() -> list[Resource]:
    site = Site(place=PRODUCTION, name="mlw-forecast-prod")
    body = workspace(
        site,
        hardened(site),
        private(),
        private_endpoints(connection(site)),
        managed_network(site, INTERNET, required_endpoints(site)),
        tags={"owner": "forecasting", "data": "confidential"},
    )
    return [
        Resource(body=body, teaches="the vendor rule's good posture: private inbound, AllowInternetOutbound"),
        cluster(site, "cpu-build"),
        instance(site, "ci-forecast"),
        online_endpoint(site, "forecast-api"),
        deployment(site, "forecast-api"),
        batch_endpoint(site, "forecast-nightly"),
        diagnostics(site),
        *closed(site),
    ]


def _vision() -> list[Resource]:
    site = Site(place=PRODUCTION, name="mlw-vision-prod")
    group = site.id.partition("/providers/")[0]
    own = {
        "pypi-index": fqdn("pypi.org"),
        "pypi-files": fqdn("files.pythonhosted.org"),
        "lake-dfs": private_endpoint(
            PRODUCTION.id_of("Microsoft.Storage/storageAccounts", "stvisionlake"), "dfs"
        ),
    }
    body = workspace(
        site,
        hardened(site),
        private(),
        private_endpoints(connection(site), connection(site, "pe-ops")),
        managed_network(site, APPROVED, {**required_rules(site), **own}),
    )
    return [
        Resource(body=body, teaches="the strict good posture: AllowOnlyApprovedOutbound with narrow rules"),
        assignment(group, principal_of(site.id), APPROVER),
        cluster(site, "cpu-build"),
        online_endpoint(site, "inspect-api"),
        deployment(site, "inspect-api"),
        diagnostics(site),
        *closed(site),
    ]


def _scoring() -> list[Resource]:
    site = Site(place=PRODUCTION, name="mlw-scoring-prod")
    itself = {"workspace-itself": private_endpoint(site.id, "amlworkspace")}
    body = workspace(
        site,
        hardened(site),
        selected("20.61.14.0/26", "20.73.201.18"),
        private_endpoints(connection(site)),
        managed_network(site, APPROVED, {**required_rules(site), **itself}),
    )
    return [
        Resource(
            body=body, teaches="public access from selected, narrow addresses, and what endpoints make of it"
        ),
        cluster(site, "cpu-build"),
        online_endpoint(site, "score-public", access="Enabled", auth="Key"),
        deployment(site, "score-public", egress="Disabled"),
        online_endpoint(site, "score-private"),
        deployment(site, "score-private"),
        serverless_endpoint(site, "score-catalogue"),
        batch_endpoint(site, "score-nightly"),
        diagnostics(site),
        *closed(site),
    ]


_HUB = Site(place=ASSISTANTS, name="hub-assistants-prod")
_PROJECTS = ("proj-support-assistant", "proj-contract-reader")


def _hub() -> list[Resource]:
    site = _HUB
    projects = [Site(place=ASSISTANTS, name=name).id for name in _PROJECTS]
    group = site.id.partition("/providers/")[0]
    own = {
        "search": private_endpoint(
            ASSISTANTS.id_of("Microsoft.Search/searchServices", "srch-assist"), "searchService"
        ),
        "ai-services": private_endpoint(
            ASSISTANTS.id_of("Microsoft.CognitiveServices/accounts", "ais-assist"), "account"
        ),
        "dependency-monitor": service_tag(
            "AzureMonitor", category="Dependency", parentRuleNames=["ai-services"]
        ),
    }
    body = workspace(
        site,
        hardened(site),
        private(),
        private_endpoints(connection(site)),
        managed_network(site, APPROVED, {**required_rules(site), **own}),
        {"associatedWorkspaces": projects, "workspaceHubConfig": {"defaultWorkspaceResourceGroup": group}},
        kind="Hub",
    )
    return [
        Resource(body=body, teaches="a private hub: its network is its projects' network"),
        assignment(group, principal_of(site.id), APPROVER),
        *closed(site),
    ]


def _projects() -> list[Resource]:
    lessons = (
        "a project whose own publicNetworkAccess is Enabled although its hub's Disabled decides",
        "a project of the same hub, with a public endpoint all the same",
    )
    sites = [Site(place=ASSISTANTS, name=name) for name in _PROJECTS]
    return [
        *(
            Resource(body=project(site, _HUB), teaches=lesson)
            for site, lesson in zip(sites, lessons, strict=True)
        ),
        online_endpoint(sites[1], "contract-reader", access="Enabled", auth="Key"),
    ]


def project(site: Site, hub: Site) -> Document:
    """A project's body: it uses its hub's dependencies and shows a public flag but no managed network."""
    shared = {
        "storageAccount": hub.storage,
        "keyVault": hub.vault,
        "containerRegistry": hub.registry,
        "applicationInsights": hub.insights,
        "hubResourceId": hub.id,
        "enableDataIsolation": True,
    }
    return workspace(site, public(), shared, kind="Project")
