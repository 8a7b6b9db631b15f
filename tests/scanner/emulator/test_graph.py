"""Resource Graph as the emulator plays it: what it answers, refuses and tells of its quota."""

from __future__ import annotations

import json
from dataclasses import replace
from http.client import HTTPConnection
from typing import Any

import pytest

from scanner.emulator.server import Emulator, emulated
from scanner.emulator.tenants.generated import generated_tenant
from scanner.emulator.tenants.identity import access_token
from scanner.emulator.tenants.tenant import Graph
from scanner.reading.discovery import QUERY

PAIR = generated_tenant(subscriptions=2, workspaces=2, rules=0)
FIRST, SECOND = (str(item["subscriptionId"]) for item in PAIR.subscriptions)
PATH = "/providers/Microsoft.ResourceGraph/resources"
VERSIONED = f"{PATH}?api-version=2024-04-01"

Reply = tuple[int, dict[str, Any], dict[str, str]]


def asked(emulator: Emulator, body: object, *, method: str = "POST", path: str = VERSIONED) -> Reply:
    """Status, document and headers of the answer to one request with the client's token."""
    connection = HTTPConnection(emulator.url.removeprefix("http://"))
    headers = {"Authorization": f"Bearer {access_token(PAIR.tenant_id)}"}
    connection.request(method, path, json.dumps(body), headers)
    with connection.getresponse() as response:
        reply = response.status, json.loads(response.read()), dict(response.headers)
    connection.close()
    return reply


def query(*subscriptions: str, **options: object) -> dict[str, object]:
    return {"subscriptions": subscriptions, "query": QUERY, "options": options}


def test_rows_come_in_order_of_their_ids_and_page_by_page() -> None:
    with emulated(PAIR) as emulator:
        status, first, headers = asked(emulator, query(FIRST, SECOND, **{"$top": 3}))
        assert status == 200
        assert (first["totalRecords"], first["count"], first["resultTruncated"]) == (4, 3, "true")
        following = query(FIRST, SECOND, **{"$top": 3, "$skipToken": first["$skipToken"]})
        _, last, _ = asked(emulator, following)
        assert (last["totalRecords"], last["count"], last["resultTruncated"]) == (4, 1, "false")
        assert "$skipToken" not in last
        ids = [row["id"] for row in (*first["data"], *last["data"])]
        assert ids == sorted(resource.id for resource in PAIR.resources)
        assert headers["x-ms-user-quota-remaining"] == "14"
        assert headers["x-ms-user-quota-resets-after"] == "00:00:05"


def test_what_the_client_may_not_read_is_left_out_without_a_word() -> None:
    restricted = replace(PAIR, graph=Graph(hidden=frozenset({f"/subscriptions/{FIRST}"})))
    with emulated(restricted) as emulator:
        status, found, _ = asked(emulator, query(FIRST, SECOND))
        assert (status, found["totalRecords"]) == (200, 2)
    role = replace(PAIR, allowed_actions=frozenset({"Microsoft.Resources/subscriptions/read"}))
    with emulated(role) as emulator:
        status, found, _ = asked(emulator, query(FIRST, SECOND))
        assert (status, found["totalRecords"]) == (200, 0)


@pytest.mark.parametrize(
    ("graph", "body", "status", "code"),
    [
        (Graph(is_allowed=False), query(FIRST), 403, "AccessDenied"),
        (Graph(queries=0), query(FIRST), 429, "RateLimiting"),
        (Graph(), query(FIRST) | {"query": "resources | take 5"}, 400, "BadRequest"),
        (Graph(), [], 400, "BadRequest"),
    ],
)
def test_its_refusals_say_what_is_wrong_in_their_details(
    graph: Graph, body: object, status: int, code: str
) -> None:
    with emulated(replace(PAIR, graph=graph)) as emulator:
        answered, document, headers = asked(emulator, body)
    assert (answered, document["error"]["code"]) == (status, code)
    assert document["error"]["message"].startswith("Please provide below info")
    assert document["error"]["details"][0]["code"] == code
    assert "Retry-After" not in headers


def test_it_is_asked_by_post_at_a_version_it_has() -> None:
    with emulated(PAIR) as emulator:
        assert asked(emulator, None, method="GET")[0] == 405
        assert asked(emulator, query(FIRST), path=PATH)[1]["error"]["code"] == "MissingApiVersionParameter"
        old = f"{PATH}?api-version=1999-01-01"
        assert asked(emulator, query(FIRST), path=old)[1]["error"]["code"] == "NoRegisteredProviderFound"
