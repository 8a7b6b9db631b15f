"""The emulator answers like ARM: versions, pages, tokens, headers, error envelopes."""

from __future__ import annotations

import http.client
import json
import ssl
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from scanner.emulator.demo.places import EMPTY_ID, PRODUCTION, PRODUCTION_ID, RESEARCH
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.server import Emulator, emulated
from scanner.emulator.tenants.identity import access_token
from scanner.emulator.versions import MACHINE_LEARNING_VERSIONS

VERSION = "2025-09-01"
WORKSPACES = f"/subscriptions/{PRODUCTION_ID}/providers/Microsoft.MachineLearningServices/workspaces"
VISION = PRODUCTION.id_of("Microsoft.MachineLearningServices/workspaces", "mlw-vision-prod")
SCORING = PRODUCTION.id_of("Microsoft.MachineLearningServices/workspaces", "mlw-scoring-prod")


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came back over HTTP."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return str(self.json["error"]["code"])


def ask(
    emulator: Emulator,
    path: str,
    *,
    version: str | None = VERSION,
    token: str | None = None,
    method: str = "GET",
    body: str | None = None,
    headers: dict[str, str] | None = None,
    timeout: float = 10,
) -> Reply:
    """One request on a connection of its own, with the right token unless `token` is given ("" for none)."""
    address = urlsplit(emulator.url)
    connection: http.client.HTTPConnection
    if address.scheme == "https":
        context = ssl.create_default_context(cadata=(emulator.ca_pem or b"").decode())
        connection = http.client.HTTPSConnection(address.netloc, timeout=timeout, context=context)
    else:
        connection = http.client.HTTPConnection(address.netloc, timeout=timeout)
    bearer = access_token(emulator.tenant.tenant_id) if token is None else token
    sent = {**({"Authorization": f"Bearer {bearer}"} if bearer else {}), **(headers or {})}
    query = f"{'&' if '?' in path else '?'}api-version={version}" if version else ""
    try:
        connection.request(method, path + query, body=body, headers=sent)
        response = connection.getresponse()
        return Reply(status=response.status, headers=dict(response.headers), body=response.read())
    finally:
        connection.close()


def pages(emulator: Emulator, path: str, version: str = VERSION) -> list[list[Any]]:
    """The items of every page of a list, following nextLink verbatim."""
    reply = ask(emulator, path, version=version)
    result = [reply.json["value"]]
    while "nextLink" in reply.json:
        link = reply.json["nextLink"]
        assert link.startswith(emulator.url + "/")
        reply = ask(emulator, link.removeprefix(emulator.url), version=None)
        assert reply.status == 200
        result.append(reply.json["value"])
    return result


def items(emulator: Emulator, path: str, version: str = VERSION) -> list[Any]:
    """All pages of a list, laid end to end."""
    return [item for page in pages(emulator, path, version) for item in page]


def names(items: list[Any]) -> list[str]:
    return [item["name"] for item in items]


def test_a_workspace_is_found_whatever_the_case_of_its_path() -> None:
    with emulated(demo_tenant()) as emulator:
        reply = ask(emulator, VISION.upper())
    assert reply.status == 200
    assert reply.json["id"] == VISION


def test_a_request_without_api_version_is_refused() -> None:
    with emulated(demo_tenant()) as emulator:
        reply = ask(emulator, WORKSPACES, version=None)
    assert (reply.status, reply.code) == (400, "MissingApiVersionParameter")


def test_an_api_version_not_offered_is_refused_and_the_supported_ones_are_listed() -> None:
    with emulated(demo_tenant().offering("2023-10-01", "2020-08-01")) as emulator:
        refused, read = ask(emulator, WORKSPACES), ask(emulator, WORKSPACES, version="2023-10-01")
    assert (refused.status, refused.code) == (400, "NoRegisteredProviderFound")
    assert "'2020-08-01, 2023-10-01'" in refused.json["error"]["message"]
    assert read.status == 200


def test_subscriptions_at_an_unknown_version_are_refused_as_arm_does_for_itself() -> None:
    with emulated(demo_tenant()) as emulator:
        reply = ask(emulator, "/subscriptions", version="1999-01-01")
    assert (reply.status, reply.code) == (400, "InvalidApiVersionParameter")


@pytest.mark.parametrize("token", ["", "nonsense", access_token("another-tenant")])
def test_a_request_without_the_right_token_is_challenged(token: str) -> None:
    with emulated(demo_tenant()) as emulator:
        reply = ask(emulator, "/subscriptions", version="2022-12-01", token=token)
        assert emulator.requests[0].authorized is bool(token)
    assert (reply.status, reply.code) == (401, "InvalidAuthenticationToken")
    assert reply.headers["WWW-Authenticate"].startswith("Bearer ")


def test_answers_carry_request_ids_and_what_is_left_of_the_rate_limit() -> None:
    with emulated(demo_tenant()) as emulator:
        first, second = ask(emulator, VISION), ask(emulator, VISION)
        named = ask(emulator, VISION, headers={"x-ms-correlation-request-id": "mine"})
        tenant_wide = ask(emulator, "/subscriptions", version="2022-12-01")
    assert first.headers["x-ms-request-id"] != second.headers["x-ms-request-id"]
    assert first.headers["x-ms-ratelimit-remaining-subscription-reads"] == "249"
    assert first.headers["x-ms-correlation-request-id"] in first.headers["x-ms-routing-request-id"]
    assert named.headers["x-ms-correlation-request-id"] == "mine"
    assert tenant_wide.headers["x-ms-ratelimit-remaining-tenant-reads"] == "249"


@pytest.mark.parametrize(
    ("version", "public", "network", "acls", "firewall", "rule_errors"),
    [
        ("2020-08-01", False, False, False, False, False),
        ("2022-10-01", True, False, False, False, False),
        ("2023-10-01", True, True, False, False, False),
        ("2024-04-01", True, True, True, False, False),
        ("2024-10-01", True, True, True, True, False),
        ("2025-06-01", True, True, True, True, True),
    ],
)
def test_an_api_version_decides_which_properties_show(
    version: str, public: bool, network: bool, acls: bool, firewall: bool, rule_errors: bool
) -> None:
    with emulated(demo_tenant()) as emulator:
        properties = ask(emulator, VISION, version=version).json["properties"]
    managed = properties.get("managedNetwork", {})
    rules = managed.get("outboundRules", {}).values()
    assert ("publicNetworkAccess" in properties) is public
    assert ("managedNetwork" in properties) is network
    assert ("networkAcls" in properties) is acls
    assert ("firewallSku" in managed) is firewall
    assert any("errorInformation" in rule for rule in rules) is rule_errors


def test_outbound_rules_are_a_call_of_their_own_only_since_2023_10() -> None:
    with emulated(demo_tenant()) as emulator:
        early = ask(emulator, f"{VISION}/outboundRules", version="2023-04-01")
        read = ask(emulator, f"{VISION}/outboundRules", version="2023-10-01").json["value"]
        body = ask(emulator, VISION, version="2023-10-01").json
        one = ask(emulator, f"{VISION}/outboundRules/pypi-index")
    assert early.code == "NoRegisteredProviderFound"
    assert {rule["name"]: rule["properties"] for rule in read} == body["properties"]["managedNetwork"][
        "outboundRules"
    ]
    assert one.json["properties"]["destination"] == "pypi.org"


def test_a_list_of_workspaces_carries_rules_unless_the_tenant_says_otherwise() -> None:
    def shown(list_rules: bool) -> list[bool]:
        with emulated(replace(demo_tenant(), list_rules=list_rules)) as emulator:
            items = ask(emulator, WORKSPACES).json["value"]
        networks = [item["properties"].get("managedNetwork") for item in items]
        return ["outboundRules" in network for network in networks if network]

    assert all(shown(True))
    assert not any(shown(False))


def test_private_endpoint_connections_are_absent_where_there_are_none() -> None:
    lonely = RESEARCH.id_of("Microsoft.MachineLearningServices/workspaces", "mlw-sandbox-01")
    with emulated(demo_tenant()) as emulator:
        properties = ask(emulator, lonely).json["properties"]
        listed = ask(emulator, f"{lonely}/privateEndpointConnections").json
        two = ask(emulator, f"{VISION}/privateEndpointConnections").json["value"]
    assert "privateEndpointConnections" not in properties
    assert properties["privateLinkCount"] == 0
    assert listed == {"value": []}
    assert len(two) == 2


def test_children_associated_resources_and_diagnostics_are_served() -> None:
    with emulated(demo_tenant()) as emulator:
        properties = ask(emulator, SCORING).json["properties"]
        found = {
            child: names(ask(emulator, f"{SCORING}/{child}").json["value"])
            for child in ("computes", "onlineEndpoints", "batchEndpoints", "serverlessEndpoints")
        }
        deployments = ask(emulator, f"{SCORING}/onlineEndpoints/score-public/deployments").json["value"]
        vault = ask(emulator, properties["keyVault"], version="2023-07-01")
        insights = ask(emulator, properties["applicationInsights"], version="2020-02-02")
        logs = ask(
            emulator,
            f"{SCORING}/providers/microsoft.insights/diagnosticSettings",
            version="2021-05-01-preview",
        )
    assert found["onlineEndpoints"] == ["score-public", "score-private"]
    assert found["computes"] == ["cpu-build"]
    assert found["serverlessEndpoints"] == ["score-catalogue"]
    assert found["batchEndpoints"] == ["score-nightly"]
    assert deployments[0]["properties"]["egressPublicNetworkAccess"] == "Disabled"
    assert vault.json["properties"]["enablePurgeProtection"] is True
    assert insights.json["properties"]["publicNetworkAccessForQuery"] == "Disabled"
    assert len(logs.json["value"]) == 1


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"{VISION}-gone", 404, "ResourceNotFound"),
        (f"{VISION}-gone/computes", 404, "ResourceNotFound"),
        (f"{VISION}/computes/none", 404, "ResourceNotFound"),
        (f"{VISION}/outboundRules/none", 404, "ResourceNotFound"),
        (
            WORKSPACES.replace(PRODUCTION_ID, "11111111-0000-4000-8000-000000000000"),
            404,
            "SubscriptionNotFound",
        ),
        (f"{VISION.replace('rg-ml-prod-weu', 'rg-none').rpartition('/')[0]}", 404, "ResourceGroupNotFound"),
        (f"{VISION}/telepathy", 404, "InvalidResourceType"),
        ("/nowhere", 404, "InvalidResourceType"),
        ("/", 404, "InvalidResourceType"),
    ],
)
def test_what_does_not_exist_is_refused_in_arms_envelope(path: str, status: int, code: str) -> None:
    with emulated(demo_tenant()) as emulator:
        reply = ask(emulator, path)
    assert (reply.status, reply.code) == (status, code)
    assert reply.headers["x-ms-failure-cause"] == "gateway"


def test_the_provider_names_its_api_versions_and_its_registration() -> None:
    path = "/subscriptions/{}/providers/Microsoft.MachineLearningServices"
    with emulated(demo_tenant()) as emulator:
        registered = ask(emulator, path.format(PRODUCTION_ID), version="2021-04-01").json
        empty = ask(emulator, path.format(EMPTY_ID), version="2021-04-01").json
        unknown = ask(emulator, path.format(EMPTY_ID).replace("MachineLearning", "No"), version="2021-04-01")
    offered = {item["resourceType"]: item["apiVersions"] for item in registered["resourceTypes"]}
    assert offered["workspaces"] == list(MACHINE_LEARNING_VERSIONS)
    assert min(offered["workspaces/outboundRules"]) == "2023-10-01"
    assert registered["registrationState"] == "Registered"
    assert empty["registrationState"] == "NotRegistered"
    assert unknown.status == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "POST"])
def test_writing_is_recorded_and_refused(method: str) -> None:
    with emulated(demo_tenant()) as emulator:
        reply = ask(emulator, VISION, method=method, body="{}")
        request = emulator.requests[0]
    assert reply.status == 405
    assert (request.method, request.path, request.status) == (method, VISION, 405)


def test_a_registration_is_recorded_and_answered() -> None:
    path = f"/subscriptions/{PRODUCTION_ID}/providers/Microsoft.MachineLearningServices/register"
    with emulated(demo_tenant()) as emulator:
        reply = ask(emulator, path, method="POST", version="2016-02-01")
        request = emulator.requests[0]
    assert reply.status == 200
    assert (request.method, request.path, request.status) == ("POST", path, 200)


def test_every_request_is_counted_with_its_query() -> None:
    with emulated(demo_tenant()) as emulator:
        ask(emulator, VISION)
        ask(emulator, f"{VISION}-gone")
        assert emulator.count == 2
        assert [request.status for request in emulator.requests] == [200, 404]
        assert emulator.requests[0].query == f"api-version={VERSION}"
