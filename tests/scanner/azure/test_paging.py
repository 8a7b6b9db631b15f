"""A list that never ends is cut off, and a next link leads to the same list or nowhere."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from scanner.azure.paging import MOST_EMPTY, MOST_PAGES, Paging
from scanner.payloads.payload import Gap, Payload
from scanner.payloads.questions import Ask
from tests.scanner.azure.test_throttling import arm_before, ask
from tests.support.scanning import IMPATIENT, NOON

ENDPOINT = "https://management.example"
PATH = "/subscriptions/s/providers/N/t"


def page(number: int, ids: list[str], link: Any) -> Payload:
    document = {"value": [{"id": each} for each in ids], "nextLink": link}
    return Payload(
        kind="things",
        scope="/subscriptions/s",
        subscription_id="s",
        url=f"{ENDPOINT}{PATH}?api-version=1&page={number}",
        api_version="1",
        status=200,
        retrieved_at=NOON,
        body=json.dumps(document).encode(),
        document=document,
    )


def followed(ids_on: Callable[[int], list[str]]) -> tuple[int, Gap]:
    """How many pages of a list whose link is new each time are read, and why no more."""
    first = page(0, ids_on(0), f"{ENDPOINT}{PATH}?page=1")
    paging, number, current = Paging(first, ENDPOINT), 0, first
    while True:
        following = paging.following(current)
        if not isinstance(following, Ask):
            assert isinstance(following, Gap)
            return number + 1, following
        number += 1
        current = page(number, ids_on(number), f"{ENDPOINT}{PATH}?page={number + 1}")


def test_a_page_without_a_new_id_ends_the_list() -> None:
    assert followed(lambda _: ["/a", "/b"])[0] == 2
    assert followed(lambda number: ["/a"] if number else ["/a", "/b"])[1].code == "NextLinkLoop"


def test_empty_pages_are_followed_but_not_for_ever() -> None:
    pages, gap = followed(lambda _: [])
    assert (pages, gap.code) == (MOST_EMPTY + 1, "NextLinkLoop")
    assert followed(lambda number: [] if number % MOST_EMPTY else [f"/{number}"])[1].code == "TooManyPages"


def test_no_list_has_more_pages_than_azure_could_send() -> None:
    pages, gap = followed(lambda number: [f"/{number}"])
    assert (pages, gap.code) == (MOST_PAGES, "TooManyPages")
    assert "10,000" in gap.message


@pytest.mark.parametrize(
    "link",
    [
        "https://management.example/subscriptions/s/providers/N/u?page=2",
        "https://management.example/subscriptions/other/providers/N/t?page=2",
        "https://management.example/subscriptions/s/providers/N/t/../u?page=2",
        "https://management.example/subscriptions/s/providers/N/t/x?page=2",
        "https://user:secret@management.example/subscriptions/s/providers/N/t?page=2",
        "https://management.example\\@elsewhere.example/subscriptions/s/providers/N/t?page=2",
        "https://management.example/subscriptions/s/providers/N/t?page=\\2",
        "https://management.example.elsewhere.example/subscriptions/s/providers/N/t?page=2",
        "http://management.example/subscriptions/s/providers/N/t?page=2",
        "https://management.example:444/subscriptions/s/providers/N/t?page=2",
        "//management.example/subscriptions/s/providers/N/t?page=2",
        "https://management.example/subscriptions/s/providers/N/t?page=\ud800",
        "https://management.example/subscriptions/s/providers/N/t?page= 2",
        "https://[",
        3,
        [],
        True,
    ],
)
def test_a_link_that_leaves_the_list_is_a_gap_without_its_secret(link: Any) -> None:
    first = page(1, ["/a"], link)
    gap = Paging(first, ENDPOINT).following(first)
    assert isinstance(gap, Gap)
    assert gap.code == "ForeignNextLink"
    assert "secret" not in gap.message


@pytest.mark.parametrize(
    "link",
    [
        "https://management.example/subscriptions/s/providers/N/t?api-version=2&$skiptoken=x",
        "https://management.example/SUBSCRIPTIONS/S/providers/n/T/?page=2",
        "https://management.example:443/subscriptions/s/providers/N/t?page=2",
        "HTTPS://MANAGEMENT.example/subscriptions/s/providers/N%2Ft?page=2".replace("%2F", "/"),
    ],
)
def test_a_link_within_the_list_is_followed_as_azure_wrote_it(link: str) -> None:
    first = page(1, ["/a"], link)
    following = Paging(first, ENDPOINT).following(first)
    assert isinstance(following, Ask)
    assert following.url == link


@pytest.mark.parametrize(
    ("value", "next_link"), [("value", "nextLink"), ("Value", "NextLink"), ("VALUE", "nextlink")]
)
def test_an_empty_first_page_leads_on_in_any_case(value: str, next_link: str) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        if "page" in request.query:
            return web.json_response({value: [{"id": "/a"}]})
        return web.json_response({value: [], next_link: f"{request.url.origin()}{request.path}?page=2"})

    async def run() -> list[Payload | Gap]:
        async with arm_before(handler, IMPATIENT) as arm:
            return [item async for item in arm.pages(await arm.get(ask(arm, "s", 1)))]

    assert [type(item) for item in asyncio.run(run())] == [Payload, Payload]
