"""Bodies that no server should send, and ways to spoil the usual body of an answer."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from tests.support.faults.world import SPARED, STRUCK, Spot

TEXTS = (
    *(
        "",
        " ",
        "\ufeff{}",
        "null",
        "[]",
        "{}",
        "3",
        '"x"',
        "true",
        "{",
        "[",
        "<html>busy</html>",
        "NaN",
        "{} {}",
    ),
    *(
        '{"value": []',
        '{"error": {"code": "Odd", "message": "m"}}',
        '{"error": null}',
        '{"error": "x"}',
        '{"error": []}',
    ),
    *(
        '{"code": "Odd", "message": "m"}',
        '{"error": {"code": 3, "message": [], "details": [3]}}',
        '{"a": 1e999}',
    ),
    *(
        '{"id": 3}',
        '{"id": null, "value": 3}',
        '{"value": {}}',
        '{"value": null}',
        '{"value": "x"}',
        '{"value": [[]]}',
    ),
    *(
        '{"a": "\ud800"}',
        "[" * 3000 + "]" * 3000,
        '{"value": ' + "[" * 150 + "]" * 150 + "}",
        '{"a": ' * 500 + "1" + "}" * 500,
    ),
)
IDS: tuple[Any, ...] = (
    *(
        None,
        3,
        True,
        [],
        {},
        "",
        " ",
        "x",
        "/",
        "//",
        "/subscriptions",
        "/subscriptions/",
        "/subscriptions/..",
        "\ud800",
    ),
    *(
        "{id}/..",
        "{id}/../x",
        "{id}/./",
        "{id}%2f..",
        "{id}?x=1",
        "{id}#x",
        "{id}\\x",
        "{id}\n",
        "{id}\x00",
        "{id}\ud800",
    ),
    *(
        "{id}/deployments/x/y",
        "/providers/x",
        "http://elsewhere.example/{id}",
        "{other}",
        "{id}//",
        "a" * 5000,
    ),
)
LINKS: tuple[Any, ...] = (
    *(
        "",
        None,
        3,
        [],
        {},
        True,
        "x",
        "/",
        "http://[",
        "http://",
        "//elsewhere.example/x",
        "http://elsewhere.example/",
    ),
    *(
        "{own}",
        "{own}/",
        "{own}/subscriptions/x",
        "{own}{path}/../x",
        "{own}{path}?\x00",
        "{own}{path}\\x",
        "ftp://x/",
    ),
    *(
        "{user}{path}?api-version=2022-12-01",
        "{own}.elsewhere.example{path}",
        "{own}{path}?\ud800",
        "{own}{path}?{count}",
    ),
    *(
        "{own}{path}?%zz",
        "{own}{path}?" + "x" * 20_000,
        "\\\\elsewhere\\x",
        "javascript:x",
        "{own}:{path}",
        "{own}{path}#x",
    ),
)


Document = dict[str, Any]


def rewriting(chance: Random, place: Mapping[str, str], spot: Spot) -> Callable[[bytes], bytes]:
    """Return a function that spoils the usual body, the same way each time."""
    if chance.random() < 0.2:
        return chance.choice(_ON_BYTES)
    alter, word, link = chance.choice(_ON_DOCUMENTS), chance.choice(IDS), chance.choice(LINKS)
    position, counted = chance.random(), iter(range(100_000))

    def rewritten(body: bytes) -> bytes:
        document = json.loads(body)
        words = {**place, "count": str(next(counted)), "other": STRUCK if "five" in spot.title else SPARED}
        alter(document, position, word, link, words)
        return json.dumps(document).encode()

    return rewritten


_ON_BYTES: tuple[Callable[[bytes], bytes], ...] = (
    lambda body: body[: len(body) // 2],
    lambda body: body[:-1],
    lambda body: b"\xef\xbb\xbf" + body,
    lambda body: body.decode().encode("utf-16"),
    lambda body: body + b"x",
    lambda body: body + body,
    lambda body: body.replace(b'"id"', b'"ID"'),
    lambda body: body.replace(b'"value"', b'"Value"').replace(b'"nextLink"', b'"NextLink"'),
    lambda body: body.replace(b'"value"', b'"VALUE"'),
    lambda body: b"[" + body + b"]",
    lambda body: b'{"properties":' + body + b"}",
    gzip.compress,
    lambda body: body.replace(b"a", b"\xff"),
    lambda body: body.replace(b"/resourceGroups/", b"/resourcegroups/"),
    lambda body: b" " * 3 * 1024 * 1024 + body,
)


def _items(document: Document) -> list[Any]:
    found = document.get("value", document.get("data"))
    return found if isinstance(found, list) else [document]


def _other_id(document: Document, position: float, word: Any, _link: Any, words: Mapping[str, str]) -> None:
    items = [item for item in _items(document) if isinstance(item, dict)]
    if items:
        item = items[int(position * len(items))]
        item["id"] = _filled(word, {**words, "id": str(item.get("id"))})


def _other_subscription_id(
    document: Document, position: float, word: Any, _link: Any, words: Mapping[str, str]
) -> None:
    for item in _items(document)[: 1 + int(position * 2)]:
        item["subscriptionId"] = _filled(word, {**words, "id": str(item.get("subscriptionId"))})


def _other_link(
    document: Document, _position: float, _word: Any, link: Any, words: Mapping[str, str]
) -> None:
    path = str(document.get("nextLink") or "/subscriptions").partition("?")[0].removeprefix(words["url"])
    own = words["url"]
    user = own.replace("//", "//user:secret@")
    document["nextLink"] = _filled(link, {**words, "own": own, "user": user, "path": path})


def _emptied_and_endless(
    document: Document, _position: float, _word: Any, _link: Any, words: Mapping[str, str]
) -> None:
    _other_link(document, 0, None, "{own}{path}?{count}", words)
    document["value"] = []


def _repeated(document: Document, position: float, *_rest: Any) -> None:
    items = _items(document)
    items += items[: 1 + int(position * len(items))]


def _other_items(document: Document, position: float, word: Any, *_rest: Any) -> None:
    items = _items(document)
    if items and items[0] is not document:
        items.insert(int(position * len(items)), word)


def _without(document: Document, position: float, *_rest: Any) -> None:
    names = sorted(document)
    if names:
        del document[names[int(position * len(names))]]


def _with_error(document: Document, position: float, *_rest: Any) -> None:
    document["error"] = {"code": "Odd", "message": "m"}
    if position < 0.5:
        document.pop("value", None)
        document.pop("id", None)


def _deep(document: Document, *_rest: Any) -> None:
    node: Any = 1
    for _ in range(400):
        node = [node]
    document["deep"] = node


_ON_DOCUMENTS: tuple[Callable[..., None], ...] = (
    *(_other_id,) * 4,
    *(_other_link,) * 4,
    *(_other_subscription_id, _emptied_and_endless, _repeated, _other_items, _without, _with_error, _deep),
)


def _filled(word: Any, words: Mapping[str, str]) -> Any:
    if not isinstance(word, str):
        return word
    for name, value in words.items():
        word = word.replace("{" + name + "}", value)
    return word
