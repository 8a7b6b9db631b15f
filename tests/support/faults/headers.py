"""Statuses and headers that no server should send, and a draw from them."""

from __future__ import annotations

import base64
from random import Random

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


def headers(chance: Random) -> str:
    """Return one to three header lines."""
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
