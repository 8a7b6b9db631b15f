"""`azml-audit doctor`: what would keep a scan from reading, and what to do about it."""

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
from scanner.commands.scan import Connection, now
from scanner.doctor.doctor import Patient, examined
from scanner.doctor.examination import Finding, State, stopped
from scanner.errors import UsageError
from scanner.policies import loaded, management_groups
from scanner.reading.collection import EVERYTHING, collection_for
from scanner.reading.scope import Wanted

_STYLE = {
    State.FINE: "green",
    State.UNTRIED: "dim",
    State.LIMITED: "yellow",
    State.STOPPED: "bold red",
}
_MEANING = {
    0: "nothing found that would limit a scan",
    2: "a scan cannot work",
    3: "a scan works, with the limits above",
}
_OTHERS_ASK = frozenset({Auth.CLI, Auth.MANAGED_IDENTITY})
"""Ways to sign in where this process does not itself ask the cloud's authority."""


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
    """Print every finding and what to do; 0 where all is fine, 3 where a scan is limited, 2 where stopped.

    Raises PolicyError before anything is asked of `connect`.
    """
    policies = loaded(names, registry())
    chosen = [each.check for policy in policies for each in policy.checks]
    collection = EVERYTHING if collect_all else collection_for(chosen)
    asked = replace(wanted, known_groups=management_groups(policies))

    async def all_findings(connected: Connection) -> list[Finding]:
        patient = Patient(
            cloud=connected.cloud,
            credential=connected.credential,
            ca_bundle=connected.ca_bundle,
            wanted=asked,
            collection=collection,
            signs_in=auth not in _OTHERS_ASK,
            patience=patience or Patience(retries=1, throttle_budget=30.0, read_timeout=30.0),
        )
        return [finding async for finding in examined(patient, clock)]

    try:
        findings = asyncio.run(all_findings(connect()))
    except UsageError as error:
        findings = [stopped("connection", str(error), "Correct the options as this says.")]
    return _shown(findings, names, out)


def _shown(findings: Sequence[Finding], names: Sequence[str], out: Console) -> int:
    if out.is_terminal:
        out.print(_table(findings))
    else:
        for finding in findings:
            line = f"{finding.state.value:8} {finding.what}: {finding.seen}"
            out.print(Text(line), soft_wrap=True)
    fixes = [f"{finding.what}: {finding.fix}" for finding in findings if finding.fix]
    if any(finding.fix and finding.what.endswith("/read") for finding in findings):
        chosen = " ".join(f"--policy {shlex.quote(name)}" for name in names)
        fixes.append(
            f"all roles: azml-audit permissions {chosen} --format az prints a role of just these actions."
        )
    if fixes:
        out.print(Text("\nWhat to do", style="bold"))
    for number, fix in enumerate(fixes, start=1):
        out.print(Text(f"{number}. {fix}"), soft_wrap=True)
    states = {finding.state for finding in findings}
    code = 2 if State.STOPPED in states else 3 if State.LIMITED in states else 0
    out.print(Text(f"\nExit code {code}: {_MEANING[code]}."), soft_wrap=True)
    return code


def _table(findings: Sequence[Finding]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("State", "What", "Seen"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "State")
    for finding in findings:
        state = Text(finding.state.value, style=_STYLE[finding.state])
        table.add_row(state, Text(finding.what), Text(finding.seen))
    return table
