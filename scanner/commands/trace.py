"""`azml-audit trace`: from a finding to the very answers it rests on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pandas as pd
from rich.console import Console
from rich.text import Text

from scanner.errors import UsageError
from scanner.evidence.opening import Bundle, content
from scanner.evidence.payload_files import gaps_in, payloads_in
from scanner.evidence.replaying import sealed
from scanner.payloads.payload import Gap, Payload
from scanner.terminal import harmless

_SHOWN = 10
_LINES = 60


def trace(path: Path, check_id: str, resource: str, out: Console, *, whole: bool = False) -> int:
    """Print the findings of a check on a resource, and what each rests on.

    The resource is an id, or a word that ids contain.

    Raises EvidenceError where the bundle is altered, UsageError where there is no such finding.
    """
    bundle = sealed(path).bundle
    findings = _findings(bundle, check_id, resource)
    found = _kept(bundle, {each for told in findings["evidence"] for each in told.split(" ")})
    shown = findings.head(_SHOWN)
    for row in shown.to_dict("records"):
        _show_finding({str(name): str(value) for name, value in row.items()}, out)
        for reference in row["evidence"].split(" "):
            _show_place(reference, found, out, whole=whole)
    if len(findings) > len(shown):
        out.print(Text(f"… and {len(findings) - len(shown)} more; name the resource more closely."))
    return 0


def _findings(bundle: Bundle, check_id: str, resource: str) -> pd.DataFrame:
    text = BytesIO(content(bundle, "findings.csv"))
    findings = pd.read_csv(text, dtype=str, keep_default_na=False, na_filter=False)
    of_check = findings[findings["check_id"].eq(check_id.upper())]
    ids = of_check["resource_id"].str
    is_named = ids.lower().eq(resource.lower())
    found = of_check[is_named if is_named.any() else ids.contains(resource, case=False, regex=False)]
    if found.empty:
        known = ", ".join(sorted(findings["check_id"].unique()))
        raise UsageError(
            f"{bundle.path} has no finding of {check_id} on a resource whose id contains {resource!r}; "
            f"it has {len(of_check)} of {check_id}. Checks: {known or 'none'}."
        )
    return found


def _kept(bundle: Bundle, references: Iterable[str]) -> Mapping[str, Payload | Gap]:
    """The payloads and gaps that references lead to, by id."""
    wanted = {reference.partition("#")[0] for reference in references}
    items = (item for source in (payloads_in(bundle), gaps_in(bundle)) for item in source)
    return {item.id: item for item in items if item.id in wanted}


def _show_finding(row: Mapping[str, str], out: Console) -> None:
    title = f"{row['check_id']} {row['status']}, {row['verdict']} under {row['policy']}"
    out.print(Text(harmless(title), style="bold"))
    for name in ("resource_id", "observed", "expected", "reason", "waiver"):
        if row[name]:
            out.print(Text(harmless(f"  {name}: {row[name]}")), soft_wrap=True)


def _show_place(reference: str, found: Mapping[str, Payload | Gap], out: Console, *, whole: bool) -> None:
    identity, _, pointer = reference.partition("#")
    item = found.get(identity)
    out.print(Text(harmless(f"  {reference}"), style="cyan"), soft_wrap=True)
    if isinstance(item, Gap):
        told = f"not answered: {item.request}: {item.code}: {item.message}"
        out.print(Text(f"    {harmless(told)}"), soft_wrap=True)
    elif item is not None:
        told = f"{item.method} {item.url} answered {item.status} at {item.retrieved_at.isoformat()}"
        out.print(
            Text(f"    {harmless(told)}, request id {harmless(item.request_id) or 'none'}"), soft_wrap=True
        )
        _show_document(place_in(item.document, pointer), out, whole=whole)


def place_in(document: Any, pointer: str) -> Any:
    """What a JSON pointer, written as a URI fragment, leads to. Raises KeyError or IndexError."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in unquote(pointer).split("/")[1:]]
    for step in steps:
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document


def _show_document(document: Any, out: Console, *, whole: bool) -> None:
    lines: Sequence[str] = json.dumps(document, indent=2, ensure_ascii=False).splitlines()
    shown = lines if whole else lines[:_LINES]
    for line in shown:
        out.print(Text(f"    {harmless(line)}"), soft_wrap=True)
    if len(shown) < len(lines):
        out.print(Text(f"    … {len(lines) - len(shown)} more lines; --whole shows them", style="yellow"))
