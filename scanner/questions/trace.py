"""`azml-audit trace`: show the answers of Azure that a finding is based on."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from checks.frames import pd
from checks.model import Check
from checks.registry import registry
from checks.suggestions import did_you_mean
from scanner.errors import UsageError
from scanner.evidence.deciding import deciding, findings_of, items_of, place_in
from scanner.evidence.opening import Bundle
from scanner.evidence.replaying import sealed
from scanner.payloads.payload import Gap, Payload
from scanner.terminal import print_line

_FINDING_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SHOWN = 10
_LINES = 60


def trace(path: Path, wanted: str, resource: str, out: Console, *, whole: bool = False) -> int:
    """Print findings, the worst first, and what decides each in Azure's answers.

    `wanted` is the id of a finding, or of a check; then `resource` is a resource id or a part of ids. Raises
    EvidenceError if the bundle is altered, and UsageError if there is no such finding.
    """
    bundle = sealed(path).bundle
    findings = _findings(bundle, wanted, resource)
    found = items_of(bundle, {each for references in findings["evidence"] for each in references.split(" ")})
    shown, checks = findings.head(_SHOWN), registry()
    for row in shown.to_dict("records"):
        _show_finding({str(name): str(value) for name, value in row.items()}, out)
        check = None if whole else checks.get(row["check_id"])
        for reference in row["evidence"].split(" "):
            _show_place(reference, found, check, out, whole=whole)
    if len(findings) > len(shown):
        out.print(Text(f"… and {len(findings) - len(shown)} more. Give more of the resource's id."))
    return 0


def _findings(bundle: Bundle, wanted: str, resource: str) -> pd.DataFrame:
    findings = findings_of(bundle)
    if _FINDING_ID.fullmatch(wanted):
        found = findings[findings["finding_id"].eq(wanted.lower())]
        if found.empty:
            raise UsageError(f"{bundle.path} has no finding with the id {wanted}.")
        return found
    of_check = findings[findings["check_id"].eq(wanted.upper())]
    ids = of_check["resource_id"].str
    is_named = ids.lower().eq(resource.lower())
    found = of_check[is_named if is_named.any() else ids.contains(resource, case=False, regex=False)]
    if found.empty:
        raise UsageError(_no_finding(bundle, wanted, resource, of_check, findings["check_id"]))
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


def _show_finding(row: Mapping[str, str], out: Console) -> None:
    title = f"{row['check_id']} {row['status']}, {row['verdict']} under {row['policy']}"
    print_line(out, title, "bold")
    for name in ("finding_id", "resource_id", "observed", "expected", "reason", "waiver"):
        if row[name]:
            print_line(out, f"  {name}: {row[name]}")


def _show_place(
    reference: str, found: Mapping[str, Payload | Gap], check: Check | None, out: Console, *, whole: bool
) -> None:
    identity, _, pointer = reference.partition("#")
    item = found.get(identity)
    print_line(out, f"  {reference}", "cyan")
    if isinstance(item, Gap):
        line = f"gap: {item.request}: {item.code}: {item.message}"
        print_line(out, f"    {line}")
    elif item is not None:
        line = f"{item.method} {item.url} answered {item.status} at {item.retrieved_at.isoformat()}"
        print_line(out, f"    {line}, request id {item.request_id or 'none'}")
        _show_document(deciding(place_in(item.document, pointer), check), out, whole=whole)


def _show_document(document: Any, out: Console, *, whole: bool) -> None:
    lines: Sequence[str] = json.dumps(document, indent=2, ensure_ascii=False).splitlines()
    shown = lines if whole else lines[:_LINES]
    for line in shown:
        print_line(out, f"    {line}")
    if len(shown) < len(lines):
        out.print(Text(f"    … {len(lines) - len(shown)} more lines; add --whole", style="yellow"))
