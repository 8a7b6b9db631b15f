"""`azml-audit doctor`: find what would limit a scan, and print what to do."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from checks.registry import registry
from scanner.azure.pipeline import Patience
from scanner.choices import Auth
from scanner.commands.connections import Connection
from scanner.commands.gathering import now
from scanner.doctor.examination import PlannedScan, examined
from scanner.doctor.findings import Finding, State, stopped
from scanner.errors import UsageError
from scanner.policies import loaded, management_groups
from scanner.reading.collection import EVERYTHING, collection_for
from scanner.scope.wanted import Wanted
from scanner.terminal import print_line, print_lines, table

_STYLE = {
    State.FINE: "green",
    State.UNTRIED: "dim",
    State.LIMITED: "yellow",
    State.STOPPED: "bold red",
}
_MEANING = {
    0: "ready to scan",
    2: "the scan cannot run",
    3: "the scan would be incomplete",
}
_SIGNED_IN_ELSEWHERE = frozenset({Auth.CLI, Auth.MANAGED_IDENTITY})
"""Sign-in methods that send no request to the cloud's authority from this process."""


def examine(
    names: Sequence[str],
    wanted: Wanted,
    auth: Auth,
    connect: Callable[[], Connection],
    out: Console,
    *,
    collect_all: bool = False,
    patience: Patience | None = None,
    clock: Callable[[], datetime] = now,
) -> int:
    """Print every finding and what to do. Return 0 if ready, 3 if a scan would be incomplete, else 2.

    Raises PolicyError before it calls `connect`.
    """
    policies = loaded(names, registry())
    chosen = [each.check for policy in policies for each in policy.checks]
    collection = EVERYTHING if collect_all else collection_for(chosen)
    asked = replace(wanted, known_groups=management_groups(policies))

    async def all_findings(connected: Connection) -> list[Finding]:
        scan = PlannedScan(
            cloud=connected.cloud,
            credential=connected.credential,
            ca_bundle=connected.ca_bundle,
            wanted=asked,
            collection=collection,
            signs_in=auth not in _SIGNED_IN_ELSEWHERE,
            patience=patience or Patience(retries=1, throttle_budget=30.0, read_timeout=30.0),
        )
        return [finding async for finding in examined(scan, clock)]

    try:
        findings = asyncio.run(all_findings(connect()))
    except UsageError as error:
        findings = [stopped("connection", str(error), "Correct the options.")]
    return _shown(findings, names, out)


def _shown(findings: Sequence[Finding], names: Sequence[str], out: Console) -> int:
    if out.is_terminal:
        out.print(_table(findings))
    else:
        for finding in findings:
            line = f"{finding.state.word:8} {finding.what}: {finding.seen}"
            print_line(out, line)
    fixes = [f"{finding.what}: {finding.fix}" for finding in findings if finding.fix]
    if any(finding.fix and finding.what.endswith("/read") for finding in findings):
        chosen = " ".join(f"--policy {shlex.quote(name)}" for name in names)
        fixes.append(
            f"all permissions: `azml-audit permissions {chosen} --format az` prints the least role for them."
        )
    if fixes:
        out.print(Text("\nWhat to do", style="bold"))
    for number, fix in enumerate(fixes, start=1):
        print_line(out, f"{number}. {fix}")
    states = {finding.state for finding in findings}
    code = 2 if State.STOPPED in states else 3 if State.LIMITED in states else 0
    print_lines(out, f"\nExit code {code}: {_MEANING[code]}.")
    return code


def _table(findings: Sequence[Finding]) -> Table:
    listed = table("Test", "What", "Seen", whole=("Test",))
    for finding in findings:
        state = Text(finding.state.word, style=_STYLE[finding.state])
        listed.add_row(state, Text(finding.what), Text(finding.seen))
    return listed
