"""Workspaces with drawn outbound rules, and the fixes of what they fail."""

from __future__ import annotations

import csv
from dataclasses import replace
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

import checks.network
from checks.engine.asking import findings
from checks.model import Status
from checks.network.service_tags import SHARED_TAGS, SINGLE_SERVICE_TAGS
from scanner.emulator.demo.places import PRODUCTION
from scanner.emulator.demo.production import hardened
from scanner.emulator.demo.tenant import demo_tenant
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
from scanner.emulator.tenants.rules import fqdn, private_endpoint, required_rules, service_tag
from scanner.emulator.tenants.tenant import Document, Resource, Tenant
from tests.support.fixes.cases import Drawn, failing, questions, scan
from tests.support.fixes.effect import Try, tries
from tests.support.scanning import rows

_SITE = Site(place=PRODUCTION, name="mlw-drawn")


def _column(file: str, name: str) -> list[str]:
    with (Path(checks.network.__path__[0]) / file).open(encoding="utf-8") as lines:
        return [row[name] for row in csv.DictReader(lines)]


@cache
def _domains() -> tuple[str, ...]:
    return tuple(_column("shared_domains.csv", "domain"))


@cache
def _shared_hosts() -> tuple[str, ...]:
    return tuple(
        host.replace("{region}", "westeurope").replace("{n}", "7")
        for host in _column("shared_hosts.csv", "host")
    )


LABEL = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
HOSTS = (
    st.sampled_from(_domains()).map("*.{}".format)
    | st.builds("{}.{}".format, LABEL, st.sampled_from(_domains()))
    | st.sampled_from(_shared_hosts())
    | st.builds(
        "{}{}.{}".format,
        st.sampled_from(["", "*.", "www."]),
        LABEL,
        st.sampled_from(["example.org", "co.uk", "io"]),
    )
    | st.sampled_from(
        [
            "*",
            "https://a.example.org:8443/x",
            "10.0.0.4",
            "a..b",
            _SITE.storage.rpartition("/")[2] + ".blob.core.windows.net",
        ]
    )
)
TAGS = st.builds(
    "{}{}".format,
    st.sampled_from([tag.rstrip("*") for tag in (*SHARED_TAGS, *SINGLE_SERVICE_TAGS)]),
    st.sampled_from(["", "", ".WestEurope"]),
)
PORTS = st.sampled_from(["443", "80, 443", "1-65535", "*", "8080-8089"])
PREFIXES = st.sampled_from([(), (), ("20.1.2.0/24",), ("0.0.0.0/0",), ("10.0.0.0/8", "20.1.2.3/32")])
TARGETS = st.sampled_from(
    [
        ("Microsoft.Storage/storageAccounts", "stlake", "blob"),
        ("Microsoft.Storage/storageAccounts", "stlake", "nonsense"),
        ("Microsoft.DataFactory/factories", "df-drawn", "dataFactory"),
        ("Microsoft.Web/sites", "app-drawn", "scm-site"),
        ("Microsoft.KeyVault/vaults", "kv-drawn", "vault"),
    ]
)
STATES = st.sampled_from(
    [{}, {}, {}, {"status": "Failed", "errorInformation": "no right to approve"}, {"status": "Inactive"}]
)
RULES = (
    st.builds(
        lambda host, state: fqdn(host, **state),
        HOSTS | HOSTS.map(str.title),
        st.sampled_from([{}, {}, {"status": "Inactive"}, {"status": "Failed", "errorInformation": "quota"}]),
    )
    | st.builds(
        lambda tag, protocol, ports, prefixes, action: service_tag(
            tag, protocol=protocol, ports=ports, prefixes=prefixes, action=action
        ),
        TAGS,
        st.sampled_from(["TCP", "UDP", "*"]),
        PORTS,
        PREFIXES,
        st.sampled_from(["Allow", "Allow", "Allow", "Deny"]),
    )
    | st.builds(
        lambda target, spark, state: private_endpoint(
            PRODUCTION.id_of(*target[:2]), target[2], spark=spark, **state
        ),
        TARGETS,
        st.booleans(),
        STATES,
    )
)


@st.composite
def tenants(draw: st.DrawFn) -> Tenant:
    """Return a tenant with one workspace whose rules, mode and inbound access are drawn."""
    own = {f"own-{number}": rule for number, rule in enumerate(draw(st.lists(RULES, min_size=1, max_size=4)))}
    without = draw(st.sampled_from([(), (), ("AzureMonitor",), ("BatchNodeManagement",)]))
    mode = draw(st.sampled_from([APPROVED, APPROVED, APPROVED, INTERNET]))
    inbound: Document = draw(st.sampled_from([private(), private(), public(), selected("20.50.0.0/14")]))
    body = workspace(
        _SITE,
        hardened(_SITE),
        inbound,
        private_endpoints(connection(_SITE)),
        managed_network(
            _SITE,
            mode,
            {**required_rules(_SITE, without=without), **own},
            firewall=draw(st.sampled_from(["Standard", "Basic"])),
        ),
    )
    return replace(
        demo_tenant(), resources=(Resource(body=body), diagnostics(_SITE), *closed(_SITE)), default_faults=()
    )


def tries_in(tenant: Tenant, *checks: str) -> list[Try]:
    """Return the texts for everything that the tenant fails of these checks, given by the starts of their ids."""
    drawn = Drawn(tenant=tenant, tables=scan(tenant))
    answers = findings(drawn.tables, questions())
    answers = answers[answers["status"].eq(Status.FAIL) & answers["check_id"].str.startswith(checks)]
    return [
        each
        for row in rows(answers)
        for case in failing(row["check_id"], drawn.tables, [row], drawn)
        for each in tries(case)
    ]
