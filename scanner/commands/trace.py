"""`azml-audit trace`: show the answers of Azure that a finding is based on."""

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

from checks.suggestions import did_you_mean
from scanner.errors import UsageError
from scanner.evidence.opening import Bundle, content
from scanner.evidence.payload_files import gaps_in, payloads_in
from scanner.evidence.replaying import sealed
from scanner.payloads.payload import Gap, Payload
from scanner.terminal import print_line

_SHOWN = 10
_LINES = 60


def trace(path: Path, check_id: str, resource: str, out: Console, *, whole: bool = False) -> int:
    """Print the findings of a check on a resource, and the answers that each is based on.

    `resource` is an id or a part of ids. Raises EvidenceError if the bundle is altered, and UsageError if
    there is no such finding.
    """
    bundle = sealed(path).bundle
    findings = _findings(bundle, check_id, resource)
    found = _kept(bundle, {each for references in findings["evidence"] for each in references.split(" ")})
    shown = findings.head(_SHOWN)
    for row in shown.to_dict("records"):
        _show_finding({str(name): str(value) for name, value in row.items()}, out)
        for reference in row["evidence"].split(" "):
            _show_place(reference, found, out, whole=whole)
    if len(findings) > len(shown):
        out.print(Text(f"… and {len(findings) - len(shown)} more. Give more of the resource's id."))
    return 0


def _findings(bundle: Bundle, check_id: str, resource: str) -> pd.DataFrame:
    text = BytesIO(content(bundle, "findings.csv"))
    findings = pd.read_csv(text, dtype=str, keep_default_na=False, na_filter=False)
    of_check = findings[findings["check_id"].eq(check_id.upper())]
    ids = of_check["resource_id"].str
    is_named = ids.lower().eq(resource.lower())
    found = of_check[is_named if is_named.any() else ids.contains(resource, case=False, regex=False)]
    if found.empty:
        raise UsageError(_no_finding(bundle, check_id, resource, of_check, findings["check_id"]))
    return found


def _no_finding(
    bundle: Bundle, check_id: str, resource: str, of_check: pd.DataFrame, check_ids: pd.Series[str]
) -> str:
    known = sorted(check_ids.unique())
    if of_check.empty:
        return (
            f"{bundle.path} has no finding of {check_id}. {did_you_mean(check_id, known)}"
            f"Checks in the bundle: {', '.join(known) or 'none'}."
        )
    names = of_check["resource_id"].str.rpartition("/")[2].unique()
    return (
        f"{bundle.path} has no finding of {check_id} on a resource whose id contains {resource!r}, but "
        f"{len(of_check)} on others. {did_you_mean(resource, names)}".strip()
    )


def _kept(bundle: Bundle, references: Iterable[str]) -> Mapping[str, Payload | Gap]:
    """Return the payloads and gaps of the references, by id."""
    wanted = {reference.partition("#")[0] for reference in references}
    items = (item for source in (payloads_in(bundle), gaps_in(bundle)) for item in source)
    return {item.id: item for item in items if item.id in wanted}


def _show_finding(row: Mapping[str, str], out: Console) -> None:
    title = f"{row['check_id']} {row['status']}, {row['verdict']} under {row['policy']}"
    print_line(out, title, "bold")
    for name in ("resource_id", "observed", "expected", "reason", "waiver"):
        if row[name]:
            print_line(out, f"  {name}: {row[name]}")


def _show_place(reference: str, found: Mapping[str, Payload | Gap], out: Console, *, whole: bool) -> None:
    identity, _, pointer = reference.partition("#")
    item = found.get(identity)
    print_line(out, f"  {reference}", "cyan")
    if isinstance(item, Gap):
        line = f"gap: {item.request}: {item.code}: {item.message}"
        print_line(out, f"    {line}")
    elif item is not None:
        line = f"{item.method} {item.url} answered {item.status} at {item.retrieved_at.isoformat()}"
        print_line(out, f"    {line}, request id {item.request_id or 'none'}")
        _show_document(place_in(item.document, pointer), out, whole=whole)


def place_in(document: Any, pointer: str) -> Any:
    """Return the value at a JSON pointer, written as a URI fragment. Raises KeyError or IndexError."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in unquote(pointer).split("/")[1:]]
    for step in steps:
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document


def _show_document(document: Any, out: Console, *, whole: bool) -> None:
    lines: Sequence[str] = json.dumps(document, indent=2, ensure_ascii=False).splitlines()
    shown = lines if whole else lines[:_LINES]
    for line in shown:
        print_line(out, f"    {line}")
    if len(shown) < len(lines):
        out.print(Text(f"    … {len(lines) - len(shown)} more lines; add --whole", style="yellow"))
