"""Demo, production: workspaces whose inbound side is in order and whose outbound rules teach something."""

from __future__ import annotations

from scanner.emulator.demo.places import PARTNER, PRODUCTION, RESEARCH
from scanner.emulator.demo.production import hardened
from scanner.emulator.tenants.builders import Site, workspace
from scanner.emulator.tenants.dependencies import closed
from scanner.emulator.tenants.network import APPROVED, connection, managed_network, private, private_endpoints
from scanner.emulator.tenants.rules import fqdn, private_endpoint, required_rules, service_tag
from scanner.emulator.tenants.tenant import Document, Resource
from scanner.emulator.tenants.workloads import cluster


def rule_lessons() -> list[Resource]:
    """Five workspaces in AllowOnlyApprovedOutbound, and what they depend on."""
    return [*_pricing(), *_fraud(), *_batch(), *_duplicates(), *_differing()]


def _approved(site: Site, rules: dict[str, Document], *, firewall: str = "Standard") -> Document:
    return workspace(
        site,
        hardened(site),
        private(),
        private_endpoints(connection(site)),
        managed_network(site, APPROVED, rules, firewall=firewall),
    )


def _pricing() -> list[Resource]:
    site = Site(place=PRODUCTION, name="mlw-pricing-prod")
    dangerous = {
        "any-storage": service_tag("Storage", ports="443, 445"),
        "front-door": service_tag("AzureFrontDoor.Frontend"),
        "any-app": service_tag("AppService.WestEurope"),
        "prefix-over-tag": service_tag("DataFactory", protocol="*", ports="*", prefixes=("0.0.0.0/0",)),
        "every-host": fqdn("*"),
        "any-web-app": fqdn("*.azurewebsites.net"),
        "any-blob": fqdn("*.blob.core.windows.net"),
        "one-blob": fqdn("stpricing.blob.core.windows.net"),
        "no-internet": service_tag("Internet", protocol="*", ports="*", action="Deny"),
    }
    body = _approved(site, {**required_rules(site), **dangerous})
    return [
        Resource(
            body=body,
            teaches="approved outbound only in name: rules that let any data out, and a Deny that does not",
        ),
        cluster(site, "cpu-build"),
        *closed(site),
    ]


def _fraud() -> list[Resource]:
    site = Site(place=PRODUCTION, name="mlw-fraud-prod")
    failure = "The private endpoint connection was rejected by the owner of the target resource."
    target = PRODUCTION.id_of("Microsoft.Sql/servers", "sql-fraud")
    unhealthy = {
        "sql-features": private_endpoint(target, "sqlServer", status="Failed", errorInformation=failure),
        "new-index": fqdn("conda.example.org", status="Provisioning"),
        "old-index": fqdn("pypi.org", status="Inactive"),
        "leaving": fqdn("mirror.example.org", status="Deleting"),
        "odd-target": private_endpoint(PARTNER.id_of("Microsoft.Web/sites", "app-fraud"), "scm-site"),
    }
    return [
        Resource(
            body=_approved(site, {**required_rules(site), **unhealthy}),
            teaches="rules not in force: failed with its error, inactive, provisioning; "
            "an odd target in another tenant",
        ),
        cluster(site, "cpu-build"),
        *closed(site),
    ]


def _batch() -> list[Resource]:
    site = Site(place=PRODUCTION, name="mlw-batch-prod")
    stale, full = (
        required_rules(site),
        {**required_rules(site), "wide-tag": service_tag("AzureCloud", ports="*")},
    )
    body, listed = _approved(site, full), _approved(site, stale)
    return [
        Resource(
            body=body,
            listed=listed,
            teaches="LIST shows fewer rules than GET: the missing one is the bad one",
        ),
        cluster(site, "cpu-build"),
        *closed(site),
    ]


def _duplicates() -> list[Resource]:
    site = Site(place=RESEARCH, name="mlw-duplicate-rules")
    repeated = {
        "pypi": fqdn("pypi.org"),
        "pypi-again": fqdn("PyPI.org"),
        "pytorch-all": fqdn("*.pytorch.org"),
        "pytorch-download": fqdn("download.pytorch.org"),
        "all-ports": service_tag("AzureDataLake", ports="1-65535"),
        "suffix-wide": fqdn("*.co.uk"),
        "an-address": fqdn("https://mirror.example.org:8443/simple"),
    }
    return [
        Resource(
            body=_approved(
                site,
                {**required_rules(site, without=("AzureMonitor", "BatchNodeManagement")), **repeated},
                firewall="Basic",
            ),
            teaches="rules that repeat or swallow each other, a URL where a host belongs, two required service "
            "tags gone, firewall Basic",
        ),
        *closed(site),
    ]


def _differing() -> list[Resource]:
    site = Site(place=RESEARCH, name="mlw-rules-differ")
    rules = {**required_rules(site), "hugging-face": fqdn("cdn-lfs.huggingface.co")}
    more = {**rules, "late-rule": fqdn("docker.io", status="Provisioning")}
    return [
        Resource(
            body=_approved(site, rules),
            rules=more,
            teaches="outboundRules names a rule that neither LIST nor GET of the workspace shows",
        ),
        *closed(site),
    ]
