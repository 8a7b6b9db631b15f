"""The findings of a bundle, and the members of Azure's answers that decide them. `trace` and work papers call it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import Any
from urllib.parse import unquote

from checks.contract.tables import SCHEMAS
from checks.engine.finding_ids import finding_ids
from checks.frames import pd
from checks.model import Check
from checks.severity import Severity, Verdict
from reports.tables.csv_text import as_was
from scanner.evidence.opening import Bundle, content
from scanner.evidence.payload_files import gaps_in, payloads_in
from scanner.payloads.payload import Gap, Payload

Path = tuple[str, ...]
"""The names of members, from the outside to the inside. Arrays have none."""

_WORST_FIRST = (
    *(Verdict.VIOLATED, Verdict.UNDETERMINED, Verdict.CONSEQUENCE, Verdict.WAIVED, Verdict.COMPLIANT),
)
_ALWAYS: tuple[Path, ...] = (("id",), ("error",))
_MEMBER = re.compile(r"[A-Za-z]\w*(?:\[\])?(?:\.\w+(?:\[\])?)*")
_OUR_OWN = "our own:"


def findings_of(bundle: Bundle) -> pd.DataFrame:
    """Return the findings with their ids as texts, the worst first."""
    text = BytesIO(content(bundle, "findings.csv"))
    findings = pd.read_csv(text, dtype=str, keep_default_na=False, na_filter=False)
    exact = findings.assign(**{name: as_was(findings[name]) for name in ("resource_id", "workspace_id")})
    verdicts = {verdict.value: place for place, verdict in enumerate(_WORST_FIRST)}
    severities = {severity.value: severity.rank for severity in Severity}
    order = pd.DataFrame(
        {
            "verdict": findings["verdict"].map(verdicts).fillna(len(verdicts)),
            "severity": findings["severity"].map(severities).fillna(len(severities)),
        }
    )
    return findings.assign(finding_id=finding_ids(exact)).loc[
        order.sort_values(["verdict", "severity"], kind="stable").index
    ]


def items_of(bundle: Bundle, references: Iterable[str]) -> Mapping[str, Payload | Gap]:
    """Return the payloads and gaps of the references, by id."""
    wanted = {reference.partition("#")[0] for reference in references}
    items = (item for source in (payloads_in(bundle), gaps_in(bundle)) for item in source)
    return {item.id: item for item in items if item.id in wanted}


def place_in(document: Any, pointer: str) -> Any:
    """Return the value at a JSON pointer, written as a URI fragment. Raises KeyError or IndexError."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in unquote(pointer).split("/")[1:]]
    for step in steps:
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document


def deciding(document: Any, check: Check | None) -> Any:
    """Return a part of an answer with the members alone that the check reads, and with the ids of resources.

    A document without any of them is returned whole, and so is that of an unknown check.
    """
    if check is None:
        return document
    kept = _pruned(document, (), _members(check))
    is_empty = kept is None or (isinstance(kept, dict) and kept.keys() <= {"id"})
    return document if is_empty and not isinstance(document, list) else kept


def _members(check: Check) -> frozenset[Path]:
    """Return the paths of the members behind the columns that the check reads."""
    found = set(_ALWAYS)
    for read in check.reads:
        table, _, name = read.partition(".")
        sources = [column.source for column in SCHEMAS[table].columns if column.name == name]
        for source in sources:
            words = _MEMBER.findall(source)
            named = words if source.startswith(_OUR_OWN) or "." in source else words[:1]
            found |= {
                tuple(word.replace("[]", "").split(".")) for word in named if "." in word or word == words[0]
            }
    return frozenset(
        path for path in found if not any(path == other[: len(path)] != other for other in found)
    )


def _pruned(value: Any, path: Path, wanted: frozenset[Path]) -> Any:
    """Return what is wanted of a value, None if nothing is."""
    if path in wanted:
        return value
    if isinstance(value, list):
        kept = [each for item in value if (each := _pruned(item, path, wanted)) is not None]
        return kept or None
    if not isinstance(value, dict):
        return None
    found = {}
    for name, member in value.items():
        # The items of a list of resources are documents of their own.
        inner = () if name == "value" and not path and isinstance(member, list) else (*path, name)
        kept = _pruned(member, inner, wanted)
        if kept is not None:
            found[name] = kept
    return found or None
