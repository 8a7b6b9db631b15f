"""Private endpoints, virtual networks and Microsoft.Network as a scan reads them, and as an export shows them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.contract.tables import Tables
from checks.engine.asking import findings
from checks.model import ChosenCheck
from checks.registry import registry
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.tenants.tenant import Tenant
from scanner.offline.source import source_from
from scanner.payloads.payload import Gap, Payload
from scanner.reading.collection import Collection, collection_for
from scanner.tables.networks import NetworkAnswers, approved_endpoints, network_of
from scanner.tables.tabulate import tables
from tests.scanner.tables.test_tabulate import payload
from tests.support.exports import written
from tests.support.scanning import scan_of

DEMO = demo_tenant()
NETWORK_CHECKS = ("PEP004", "PEP005")
GROUP = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network"
ENDPOINT, NETWORK = f"{GROUP}/privateEndpoints/one", f"{GROUP}/virtualNetworks/hub"
SUBNET = f"{NETWORK}/subnets/endpoints"


def collection(*checks: str) -> Collection:
    return collection_for([registry()[id] for id in checks])


def scanned(
    tenant: Tenant, *faults: Fault, checks: Sequence[str] = NETWORK_CHECKS
) -> tuple[Tables, list[str]]:
    with scan_of(tenant, *faults, collection=collection(*checks)) as (found, _, emulator):
        return found, [each.path for each in emulator.requests if "Microsoft.Network" in each.path]


def status(found: Tables, check: str, workspace: str) -> set[str]:
    asked = registry()[check]
    judged = findings(found, [ChosenCheck(check=asked, severity=asked.severity, params=asked.params())])
    return set(judged[judged["workspace_id"].str.lower().str.endswith(f"/{workspace}")]["status"])


def test_each_endpoint_and_network_is_read_once_and_judged() -> None:
    found, asked = scanned(DEMO, *DEMO.default_faults)
    assert len(asked) == len(set(asked))
    assert {path.split("/")[-2] for path in asked} == {"privateEndpoints", "virtualNetworks"}
    assert status(found, "PEP004", "mlw-churn-2021") == {"fail"}
    assert status(found, "PEP005", "mlw-churn-2021") == {"pass", "fail"}
    assert status(found, "PEP005", "mlw-forecast-prod") == {"pass"}
    named = {path.rpartition("/")[2] for path in asked}
    assert "pe-mlw-churn-2021" not in named, "its connection names the subnet"


@pytest.mark.parametrize("checks", [("NET001", "PEP001", "PEP002", "RES001"), ("MVN008",)])
def test_nobody_asks_for_networks_that_no_check_reads(checks: tuple[str, ...]) -> None:
    _, asked = scanned(DEMO, *DEMO.default_faults, checks=checks)
    assert [path for path in asked if not path.endswith("/providers/Microsoft.Network")] == []


@pytest.mark.parametrize("route", ["privateEndpoints", "virtualNetworks"])
def test_a_refusal_is_a_gap_and_leaves_the_network_unknown(route: str) -> None:
    refused = Fault(kind=FaultKind.STATUS, status=403, route=route)
    found, _ = scanned(DEMO, *DEMO.default_faults, refused)
    gaps = found.gaps[found.gaps["asked"].eq(route)]
    assert not gaps.empty
    assert gaps["closes"].str.contains(f"Microsoft.Network/{route}/read").all()
    assert status(found, "PEP005", "mlw-forecast-prod") == {"unknown"}
    assert status(found, "PEP004", "mlw-churn-2021") <= {"unknown", "fail"}


def test_a_network_that_was_deleted_is_no_gap_and_unknown() -> None:
    gone = Fault(kind=FaultKind.STATUS, status=404, code="ResourceNotFound", route="virtualNetworks")
    found, _ = scanned(DEMO, *DEMO.default_faults, gone)
    assert not found.gaps["asked"].eq("virtualNetworks").any()
    assert status(found, "PEP005", "mlw-churn-2021") == {"unknown"}
    assert status(found, "PEP004", "mlw-churn-2021") == {"unknown"}


def test_the_network_provider_is_read_once_for_each_subscription_with_workspaces() -> None:
    found, asked = scanned(DEMO, *DEMO.default_faults, checks=("MVN008",))
    assert len(asked) == len(set(asked)) == 4
    assert status(found, "MVN008", "fs-partner-features") == {"fail"}
    assert status(found, "MVN008", "mlw-forecast-prod") == {"pass"}
    _, unasked = scanned(DEMO, *DEMO.default_faults, checks=("MVN001",))
    assert unasked == []


def test_a_refused_network_provider_is_a_gap_and_the_subscription_was_read() -> None:
    refused = Fault(kind=FaultKind.STATUS, status=403, route="provider")
    found, _ = scanned(replace(DEMO, unregistered=frozenset()), refused, checks=("MVN008",))
    assert found.gaps["asked"].eq("networkProvider").any()
    assert status(found, "MVN008", "mlw-forecast-prod") == {"unknown"}
    assert found.subscriptions["read"].fillna(value=False).any()


@pytest.mark.parametrize(
    ("subnet", "network"),
    [
        (SUBNET, NETWORK),
        (
            SUBNET.replace("virtualNetworks", "VIRTUALNETWORKS"),
            NETWORK.replace("virtualNetworks", "VIRTUALNETWORKS"),
        ),
        (NETWORK, None),
        ("", None),
        (None, None),
        ("nowhere", None),
    ],
)
def test_the_network_of_a_subnet(subnet: str | None, network: str | None) -> None:
    assert network_of(subnet) == network


def connection(**values: object) -> dict[str, Any]:
    return {"status": "Approved", "private_endpoint_id": ENDPOINT, "subnet_id": None, **values}


def answers(*documents: tuple[str, dict[str, Any]]) -> NetworkAnswers:
    made = NetworkAnswers()
    for scope, document in documents:
        made.add(payload(scope.split("/")[-2], document, scope=scope))
    return made


def network(*endpoints: str, **properties: object) -> tuple[str, dict[str, Any]]:
    listed = {"privateEndpoints": [{"id": each} for each in endpoints]}
    usual = {
        "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
        "subnets": [{"id": SUBNET, "properties": listed}],
    }
    return NETWORK, {"id": NETWORK, "properties": {**usual, **properties}}


PLACED = (ENDPOINT, {"id": ENDPOINT, "properties": {"subnet": {"id": SUBNET}}})
FAR = f"{GROUP}/privateEndpoints/far"


def test_the_endpoint_names_the_subnet_and_the_network_its_prefixes() -> None:
    found = answers(PLACED, network()).columns(connection(private_endpoint_id=ENDPOINT.upper()))
    assert found == {"subnet_id": SUBNET, "network_prefixes": "10.0.0.0/16"}


@pytest.mark.parametrize(
    "space", [None, {}, {"addressPrefixes": []}, {"addressPrefixes": "10.0.0.0/8"}, "10.0.0.0/8"]
)
def test_prefixes_that_cannot_be_read_are_not_no_prefixes(space: object) -> None:
    assert answers(PLACED, network(addressSpace=space)).columns(connection())["network_prefixes"] is None


@pytest.mark.parametrize(
    ("held", "endpoints", "shared"),
    [
        ((ENDPOINT, FAR), [FAR.upper()], NETWORK),
        ((ENDPOINT,), [FAR], ""),
        ((), [FAR], "?"),
        ((ENDPOINT,), [], ""),
        ((ENDPOINT,), None, None),
    ],
)
def test_a_network_lists_the_endpoints_in_it(
    held: tuple[str, ...], endpoints: list[str] | None, shared: str | None
) -> None:
    assert answers(PLACED, network(*held)).shared([connection()], endpoints) == shared


def test_an_endpoint_that_was_read_is_where_its_subnet_is() -> None:
    here = (FAR, {"id": FAR, "properties": {"subnet": {"id": SUBNET}}})
    elsewhere = (FAR, {"id": FAR, "properties": {"subnet": {"id": SUBNET.replace("hub", "other")}}})
    assert answers(PLACED, here).shared([connection()], [FAR]) == NETWORK
    assert answers(PLACED, elsewhere).shared([connection()], [FAR]) == ""


def test_nothing_was_asked_so_nothing_is_known() -> None:
    assert NetworkAnswers().shared([connection()], [FAR]) is None
    assert answers(PLACED).shared([connection(private_endpoint_id=FAR)], [ENDPOINT]) == "?"
    assert answers(PLACED, network()).shared([connection(status="Pending")], [FAR]) == ""


JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(
                [
                    "properties",
                    "subnet",
                    "subnets",
                    "id",
                    "addressSpace",
                    "privateEndpoints",
                    "addressPrefixes",
                ]
            ),
            inner,
        )
    ),
    max_leaves=12,
)


@given(JSON, st.dictionaries(st.text(max_size=3), JSON), st.dictionaries(st.text(max_size=3), JSON))
def test_odd_bodies_prove_nothing(
    connections: object, endpoint: dict[str, Any], found: dict[str, Any]
) -> None:
    assert isinstance(approved_endpoints(connections), list)
    odd = answers((ENDPOINT, endpoint), (NETWORK, found))
    assert odd.columns(connection(subnet_id=SUBNET))["network_prefixes"] in (
        None,
        "?",
    ) or "addressSpace" in str(found)
    assert odd.shared([connection(subnet_id=SUBNET)], [FAR]) in ("?", NETWORK)


def exported(folder: Path, **files: object) -> Tables:
    items: list[Payload | Gap] = []
    path = written(folder, {f"{name}.json": each for name, each in files.items()})
    source = source_from(path, collection("PEP005", "MVN008"))
    asyncio.run(source.read(items.append))
    return tables(items)


WORKSPACE = {
    "id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/ws",
    "name": "ws",
    "properties": {
        "managedNetwork": {"isolationMode": "AllowInternetOutbound", "outboundRules": {}},
        "privateEndpointConnections": [
            {
                "id": "/connections/one",
                "name": "one",
                "properties": {
                    "privateEndpoint": {"id": ENDPOINT},
                    "privateLinkServiceConnectionState": {"status": "Approved"},
                },
            }
        ],
    },
}


def test_the_commands_of_az_network_and_az_provider_are_read(tmp_path: Path) -> None:
    listed = [{"id": SUBNET, "privateEndpoints": [{"id": ENDPOINT, "resourceGroup": "g"}]}]
    found = exported(
        tmp_path,
        ws=WORKSPACE,
        endpoint={"id": ENDPOINT, "resourceGroup": "g", "subnet": {"id": SUBNET, "resourceGroup": "g"}},
        vnet={"id": NETWORK, "addressSpace": {"addressPrefixes": ["172.17.0.0/24"]}, "subnets": listed},
        provider={"id": "/subscriptions/s/providers/Microsoft.Network", "registrationState": "NotRegistered"},
    )
    assert status(found, "PEP005", "ws") == {"fail"}
    assert status(found, "MVN008", "ws") == {"fail"}
    assert not found.gaps["code"].str.startswith("NotInExport.").any(), json.dumps(
        list(found.gaps["message"])
    )


def test_an_export_without_networks_says_what_to_add(tmp_path: Path) -> None:
    found = exported(tmp_path, ws=WORKSPACE)
    assert status(found, "PEP005", "ws") == status(found, "MVN008", "ws") == {"unknown"}
    closes = " ".join(found.gaps["closes"])
    for command in ("az network private-endpoint show", "az network vnet show", "az provider show"):
        assert command in closes
