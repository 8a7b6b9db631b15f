"""Answers that no server should give, drawn from a grammar of statuses, headers and bodies.

Every draw comes from a seed, so a failure can be drawn again. A body may lose, repeat or distort what it tells,
but tells no consistent lie: a server that invents a workspace in its own subscription is believed.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from scanner.emulator.faults import Fault, FaultKind
from scanner.payloads.answers import PERIMETERS
from tests.support.faults.matrix import ONE, PLACES, SPARED, STRUCK, Spot

EVERYTHING = ("/subscriptions/",)
SPOTS = (
    *PLACES,
    Spot(title="subscriptions", fault={"route": "subscriptions"}, touches=EVERYTHING),
    Spot(title="Resource Graph", fault={"route": "resourceGraph"}, touches=(), is_list=False),
    *(
        Spot(title=kind, fault={"route": kind, "resource": ONE.name}, touches=())
        for kind in ("computes", "onlineEndpoints", "batchEndpoints", "diagnosticSettings")
    ),
    Spot(title="perimeters", fault={"route": PERIMETERS, "resource": ONE.storage}, touches=(ONE.id,)),
)
"""Where a fault strikes. No finding depends on Resource Graph and the lists after it."""

STATUSES = (
    *(200,) * 40,
    *(
        100,
        101,
        199,
        201,
        202,
        204,
        206,
        299,
        300,
        301,
        302,
        304,
        307,
        308,
        400,
        401,
        402,
        403,
        404,
        405,
        408,
    ),
    *(
        409,
        410,
        412,
        413,
        418,
        423,
        424,
        425,
        429,
        431,
        451,
        499,
        500,
        501,
        502,
        503,
        504,
        505,
        507,
        511,
        599,
    ),
    *(600, 999),
)
WAITS = (
    *(
        "0",
        "1",
        "0.2",
        "-1",
        "1, 2",
        "1;2",
        "soon",
        "",
        " ",
        "1 second",
        "1e1",
        "0x1",
        "nan",
        "inf",
        "-inf",
        "9" * 400,
    ),
    *("\u00b2", "+1", "1_0", "Sat, 31 Dec 2016 23:59:60 GMT", "Sat, 31 Dec 2016 23:59:59 GMT", "31 Dec"),
    *("Fri, 31 Feb 2026 25:61:61 GMT", "Mon, 01 Jan 0000 00:00:00 GMT", "Mon, 01 Jan 99999 00:00:00 GMT"),
    *("Sat, 31 Dec 2016 23:59:59 +9999", "Sat, 31 Dec 2016 23:59:59 CET", "2026-11-28T12:00:00Z", "\x80\xff"),
)
CLAIMS = (
    *(b"", b"\xff\xfe", b"no json", b"[]", b"null", b"3", b'{"access_token": 3}', b"{", b"[" * 2000, b"\x00"),
)
CHALLENGES = (
    *('Bearer claims="{0}", error="insufficient_claims"', 'Bearer error="insufficient_claims", claims={0}'),
    *(
        "Bearer",
        "",
        "Basic realm=x",
        'Bearer claims="{0}"',
        'Bearer claims="%%%", error="insufficient_claims"',
        ",,,=",
    ),
    'Bearer a="b" claims="{0}, error="insufficient_claims"',
)
HEADER_NAMES = (
    "x-ms-request-id",
    "x-ms-correlation-request-id",
    "Date",
    "Content-Type",
    "x-ms-failure-cause",
)
COUNTS = (
    *("x-ms-ratelimit-remaining-subscription-reads", "x-ms-ratelimit-remaining-tenant-reads"),
    *("x-ms-user-quota-remaining", "x-ms-user-quota-resets-after"),
)
COUNT_WORDS = (
    "0",
    "-1",
    "1.5",
    "many",
    "",
    "1, 2",
    "\u00b2",
    "9" * 400,
    "00:00:01",
    "99:99:99",
    "0:0:0",
    "::",
    "nan",
)
WORDS = (
    *(
        "",
        " ",
        "\x80\xff",
        "x" * 9000,
        "\t",
        "utf-16",
        "text/html",
        "application/json; charset=nonsense",
        "{}",
        "[]",
    ),
    *('application/json; charset="', "Thu, 99 Foo 2026", "%00", "\u202e", "a\x01b"),
)
FRAMES = (
    *(
        "Content-Length: 0",
        "Content-Length: 5",
        "Content-Length: -1",
        "Content-Length: x",
        "Content-Length: 999999",
    ),
    *(
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: nonsense",
        "Content-Encoding: gzip",
        "Content-Encoding: br",
    ),
    *(
        "Content-Encoding: deflate",
        "Content-Encoding: nonsense",
        "Content-Encoding: identity",
        "No colon at all",
        ": x",
    ),
    *(
        "Location: http://elsewhere.example/",
        "Location: //[",
        "Set-Cookie: a=b; Domain=.example",
        "X: \x00",
        " folded",
    ),
    "Content-Length: 1\nContent-Length: 2",
)
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


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A fault and where it strikes. `place` gets the server's URL once it is known."""

    fault: Fault
    spot: Spot
    place: dict[str, str] = field(default_factory=dict)


def drawn(seed: int) -> Drawn:
    """Return the fault of a seed."""
    chance = Random(seed)
    spot, place = chance.choice(SPOTS), {"url": "http://127.0.0.1:1"}
    body = chance.choice(TEXTS) if chance.random() < 0.25 else None
    rewrite = _rewriting(chance, place, spot) if body is None and chance.random() < 0.8 else None
    status = chance.choice(STATUSES) if chance.random() < 0.5 else 200
    fault = Fault(
        kind=FaultKind.RAW,
        status=status,
        header=_headers(chance) if chance.random() < 0.5 else "",
        body=body,
        rewrite=rewrite,
        times=chance.choice((None, None, 1, 2)),
        **spot.fault,
    )
    if status >= 400 and "retry-after" in fault.header.lower():
        # The throttle stops asking behind the same gate if the wait is too long, so it may cost anything.
        spot = replace(spot, touches=EVERYTHING)
    return Drawn(fault=fault, spot=spot, place=place)


def _headers(chance: Random) -> str:
    return "\n".join(_header(chance) for _ in range(chance.choice((1, 1, 2, 3))))


def _header(chance: Random) -> str:
    kind = chance.randrange(5)
    if kind == 0:
        name = chance.choice(("Retry-After", "retry-after-ms", "x-ms-retry-after-ms"))
        return f"{name}: {chance.choice(WAITS)}"
    if kind == 1:
        claims = base64.b64encode(chance.choice(CLAIMS)).decode()
        return f"WWW-Authenticate: {chance.choice(CHALLENGES).format(claims)}"
    if kind == 2:
        return f"{chance.choice(COUNTS)}: {chance.choice(COUNT_WORDS)}"
    if kind == 3:
        return f"{chance.choice(HEADER_NAMES)}: {chance.choice(WORDS)}"
    return chance.choice(FRAMES)


Document = dict[str, Any]


def _rewriting(chance: Random, place: Mapping[str, str], spot: Spot) -> Callable[[bytes], bytes]:
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
