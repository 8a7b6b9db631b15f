"""The fault matrix: what can go wrong with an answer, at each of four places, and what it costs.

Run `python tests/support/faults/matrix.py` to renew docs/reliability.md. The server is the embedded
emulator over real sockets. It is not Azure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from checks.contract.tables import Tables
from checks.registry import registry
from reports.audit import Audit
from scanner.audit import audited, exit_code
from scanner.azure.pipeline import Patience
from scanner.commands.gathering import now
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.server import emulated
from scanner.emulator.tenants.tenant import Tenant
from scanner.policies import LoadedPolicy, loaded
from scanner.reading.collection import collection_for
from tests.support.faults.world import PLACES, SPARED, STRUCK, Spot, tenant
from tests.support.places import DATA, ROOT
from tests.support.scanning import IMPATIENT, NOON, rows, scanned

DOCUMENT = ROOT / "docs" / "reliability.md"
MIB = 1024 * 1024
HANG_GUARD = 60.0

PATIENCE = replace(IMPATIENT, throttle_budget=3.0, max_answer_bytes=MIB)
BRIEF = replace(PATIENCE, retries=1, read_timeout=0.5, question_timeout=3.0)
"""For servers that never end: how long they are waited for, so that the matrix itself ends."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One fault: its name in the table, the fault itself, and how long it is waited for."""

    name: str
    kind: FaultKind
    details: Mapping[str, Any] = field(default_factory=dict)
    patience: Patience = PATIENCE
    lists_only: bool = False


def _raw(name: str, *, body: str | None = None, header: str = "", status: int = 200, **details: Any) -> Row:
    raw = {"status": status, "header": header, "body": body, **details}
    return Row(name=name, kind=FaultKind.RAW, details=raw)


def _rewritten(name: str, old: str, new: str) -> Row:
    return _raw(name, rewrite=lambda body: body.replace(old.encode(), new.encode("utf-8", "surrogatepass")))


def _status(name: str, status: int, patience: Patience = PATIENCE, **details: Any) -> Row:
    return Row(name=name, kind=FaultKind.STATUS, details={"status": status, **details}, patience=patience)


_CLAIMS = 'Bearer claims="{}", error="insufficient_claims"'

MATRIX = (
    _status("401, the token expired", 401, code="ExpiredAuthenticationToken", message="The token expired."),
    _status(
        "401, a token of the wrong tenant",
        401,
        code="InvalidAuthenticationTokenTenant",
        message="The access token is from the wrong issuer. It must match the tenant of this subscription.",
    ),
    Row(name="401, a claims challenge (CAE)", kind=FaultKind.CLAIMS_CHALLENGE, details={"times": 1}),
    Row(name="401, a claims challenge every time", kind=FaultKind.CLAIMS_CHALLENGE),
    _status("403", 403),
    _status("404 in mid-scan", 404),
    _status("409, provider not registered", 409),
    _status("429 with Retry-After, once", 429, retry_after=1, times=1),
    _status("429 with Retry-After, always", 429, retry_after=1),
    _status("429 without Retry-After, always", 429),
    _status("429 with a Retry-After of an hour", 429, retry_after=3600),
    _status("500, once", 500, times=1),
    _status("500, always", 500),
    _status("502, always", 502),
    _status("503, always", 503),
    Row(name="connection reset, once", kind=FaultKind.RESET, details={"times": 1}),
    Row(name="connection reset, always", kind=FaultKind.RESET),
    Row(name="slow headers", kind=FaultKind.LATENCY, details={"seconds": 0.4}),
    Row(name="slow body", kind=FaultKind.SLOW_BODY, details={"seconds": 0.05}, patience=BRIEF),
    Row(name="hang", kind=FaultKind.LATENCY, details={"seconds": 3600.0}, patience=BRIEF),
    Row(name="truncated JSON", kind=FaultKind.TRUNCATE),
    Row(name="HTML instead of JSON", kind=FaultKind.HTML),
    Row(name="a charset that is not the body's", kind=FaultKind.WRONG_CHARSET),
    Row(name="bytes that are no UTF-8", kind=FaultKind.NOT_UTF8),
    Row(name="gzip bomb", kind=FaultKind.GZIP_BOMB, details={"size": 16 * MIB}),
    Row(name="huge page, within bounds", kind=FaultKind.OVERSIZE, details={"size": MIB // 2}),
    Row(name="huge page, out of bounds", kind=FaultKind.OVERSIZE, details={"size": 2 * MIB}),
    Row(name="JSON nested a thousand deep", kind=FaultKind.TOO_DEEP),
    Row(name="nextLink to another host", kind=FaultKind.FOREIGN_NEXT_LINK, lists_only=True),
    Row(name="nextLink to itself", kind=FaultKind.NEXT_LINK_LOOP, lists_only=True),
    Row(name="`value: null`", kind=FaultKind.NULL_VALUE, lists_only=True),
    Row(name="nextLink to another list", kind=FaultKind.OTHER_LIST_NEXT_LINK, lists_only=True),
    Row(name="nextLink that is new each time", kind=FaultKind.ENDLESS_NEXT_LINK, lists_only=True),
    _raw("a Retry-After that is no number, status 200", header="Retry-After: 1, 2"),
    _raw("a Retry-After that is no number, status 503", status=503, header="Retry-After: 1, 2"),
    _raw("a Retry-After with a leap second", status=403, header="Retry-After: Sat, 31 Dec 2016 23:59:60 GMT"),
    _raw("401, claims that are no UTF-8", status=401, header=f"WWW-Authenticate: {_CLAIMS.format('//8=')}"),
    _raw("401, claims that are no JSON", status=401, header=f"WWW-Authenticate: {_CLAIMS.format('eA==')}"),
    _raw("an empty body, once", body="", times=1),
    _raw("an empty body, always", body=""),
    _raw("HTML, once", body="<html>busy</html>", times=1),
    _raw("JSON that is cut off, once", rewrite=lambda body: body[:-20], times=1),
    _raw("an error with status 200", body='{"error": {"code": "ServerBusy", "message": "Try later."}}'),
    _raw("`{}` with status 200", body="{}"),
    _rewritten("`Value` instead of `value`", '"value"', '"Value"'),
    _rewritten(
        "ids of another subscription", f'"id":"/subscriptions/{STRUCK}', f'"id":"/subscriptions/{SPARED}'
    ),
    _rewritten(
        "ids with dot segments", f'"id":"/subscriptions/{STRUCK}', f'"id":"/subscriptions/../{STRUCK}'
    ),
    _rewritten(
        "ids with half a surrogate pair", f'"id":"/subscriptions/{STRUCK}', '"id":"/subscriptions/\ud800'
    ),
    Row(name="missing fields", kind=FaultKind.MISSING_MEMBERS),
    Row(name="wrong types", kind=FaultKind.WRONG_TYPES),
    Row(name="unknown enum values", kind=FaultKind.UNKNOWN_ENUMS),
    Row(name="unicode and control characters in names", kind=FaultKind.STRANGE_NAMES),
    Row(name="duplicate ids", kind=FaultKind.DUPLICATES, lists_only=True),
    Row(name="ids differing in case", kind=FaultKind.OTHER_CASE, lists_only=True),
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one scan of the struck tenant came to, beside the same scan without the fault."""

    audit: Audit
    exit_code: int

    @property
    def tables(self) -> Tables:
        return self.audit.tables

    @property
    def codes(self) -> list[str]:
        """The codes of the gaps, each once."""
        return sorted(set(self.tables.gaps["code"]))

    @property
    def statuses(self) -> dict[tuple[str, str], str]:
        """Check and resource to status."""
        found = rows(self.audit.findings)
        return {(row["check_id"], row["resource_id"].lower()): row["status"] for row in found}

    @property
    def cell(self) -> str:
        """What the table says of it."""
        lost = len(clean().tables.workspaces) - len(self.tables.workspaces)
        undecided = sum(status == "unknown" for status in self.statuses.values())
        parts = [
            f"`{'`, `'.join(self.codes)}`" if self.codes else "no gap",
            f"{lost} workspaces unread" if lost else "",
            f"{undecided} unknown" if undecided else "",
            f"exit {self.exit_code}",
        ]
        return "nothing lost" if not any(parts[1:3]) and not self.codes else "; ".join(filter(None, parts))


@cache
def policy() -> LoadedPolicy:
    (only,) = loaded([str(DATA / "fault_matrix_policy.yaml")], registry())
    return only


@cache
def clean() -> Outcome:
    """The outcome without any fault."""
    return outcome(tenant())


def struck(row: Row, place: Spot) -> Outcome:
    """The outcome with this fault at this place."""
    return outcome(tenant(), Fault(kind=row.kind, **row.details, **place.fault), patience=row.patience)


def outcome(of: Tenant, *faults: Fault, patience: Patience = PATIENCE, page_size: int = 2) -> Outcome:
    """A scan of the tenant with these faults, judged. Raises TimeoutError where it hangs."""
    collection = collection_for([each.check for each in policy().checks])
    with emulated(of, faults=faults, page_size=page_size) as emulator:
        tables, _ = scanned(
            emulator, collection=collection, patience=patience, hang_guard=HANG_GUARD, clock=now
        )
    audit = audited(
        tables, [policy()], source="the emulator", is_azure=False, started_at=NOON, finished_at=NOON
    )
    return Outcome(audit=audit, exit_code=exit_code(audit))


def cells() -> Iterable[tuple[Row, Spot]]:
    """Every cell of the matrix there is."""
    return ((row, place) for row in MATRIX for place in PLACES if place.is_list or not row.lists_only)


def table(found: Mapping[tuple[str, str], Outcome]) -> list[str]:
    """The lines of the table of these outcomes, by the names of row and place."""
    titles = [place.title for place in PLACES]
    lines = [f"| fault | {' | '.join(titles)} |", f"| --- |{' --- |' * len(titles)}"]
    for row in MATRIX:
        told = [found[row.name, title].cell if (row.name, title) in found else "no list" for title in titles]
        lines.append(f"| {row.name} | {' | '.join(told)} |")
    return lines


def words(found: Mapping[tuple[str, str], Outcome]) -> list[str]:
    """What each gap says, by its code: the first message there is, and what would close it."""
    said: dict[str, tuple[str, str]] = {}
    for one in found.values():
        for gap in rows(one.tables.gaps):
            told = _timeless(gap["message"]), _timeless(gap["closes"])
            said[gap["code"]] = min(said.get(gap["code"], told), told)
    return [
        "| code | message | closed by |",
        "| --- | --- | --- |",
        *(f"| `{code}` | {message} | {closes} |" for code, (message, closes) in sorted(said.items())),
    ]


def _timeless(text: str) -> str:
    """The text without the port that was free this time."""
    return re.sub(r"(127\.0\.0\.1|localhost):\d+", r"\1:PORT", text)


def document() -> str:
    """docs/reliability.md with what was found when everything in it was run just now."""
    found = {(row.name, spot.title): struck(row, spot) for row, spot in cells()}
    text = DOCUMENT.read_text()
    for name, lines in (("faults", table(found)), ("words", words(found))):
        start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        before, _, rest = text.partition(start)
        text = f"{before}{start}" + "\n".join(lines) + f"\n{end}{rest.partition(end)[2]}"
    return text


def committed() -> dict[tuple[str, str], str]:
    """The cells of the committed table, by the names of row and place."""
    lines = DOCUMENT.read_text().partition("<!-- faults -->\n")[2].partition("<!-- end of faults -->")[0]
    header, _, *body = [
        [cell.strip() for cell in line.strip("|\n").split("|")] for line in lines.splitlines()
    ]
    return {(row[0], title): cell for row in body for title, cell in zip(header[1:], row[1:], strict=True)}


if __name__ == "__main__":
    DOCUMENT.write_text(document())
