"""The job of a scan: its policies, the scope to read, and the places for the results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from checks.model import Severity
from reports.selection import USUAL, Selection
from scanner.azure.pipeline import Patience
from scanner.choices import Discover
from scanner.policies import LoadedPolicy
from scanner.reading.collection import EVERYTHING, Collection, collection_for
from scanner.scope.wanted import Wanted

if TYPE_CHECKING:
    from scanner.evidence.attestations.attesting import Attestation
    from scanner.workers.pools import Pool


@dataclass(frozen=True, kw_only=True)
class Job:
    """The scope of an audit, its policies, and the folder of its reports.

    `loaded`: the policies, if they are loaded already.
    `discover`: None compares both ways, or uses Resource Manager alone if Resource Graph refuses.
    `selection`: the findings that the formats list.
    `earlier`: an evidence bundle or an export to read instead of Azure.
    `baseline`: an older report or bundle, or an archive, to compare with. With `fail_on_regression`, only
    violations that it does not have decide the exit code.
    `workers`: the pool that reads the subscriptions; None reads them in this process.
    `resume`: use the answers of an interrupted scan for the same report that are not older than `max_age`.
    `archive`: the folder or container that keeps the run; it implies a bundle.
    `result`: where to write the result as one line of JSON; "-" is stdout.
    `metrics`: the file for the textfile collector of Prometheus.
    `on_change`: the command to run if the baseline differs.
    `evidence`: the bundle to write. It records `command`, and names `previous_root`, the bundle before it in
    an archive. `attest` signs it.
    """

    output: Path
    policies: Sequence[str]
    loaded: tuple[LoadedPolicy, ...] = ()
    formats: Sequence[str] = ()
    selection: Selection = USUAL
    fail_on: Severity | None = None
    wanted: Wanted = field(default_factory=Wanted)
    patience: Patience = field(default_factory=Patience)
    collect_all: bool = False
    discover: Discover | None = None
    earlier: Path | None = None
    baseline: str | None = None
    fail_on_regression: bool = False
    workers: Callable[[], Pool] | None = None
    resume: bool = False
    max_age: timedelta = timedelta(hours=1)
    evidence: Path | None = None
    archive: str | None = None
    attest: Attestation | None = None
    previous_root: str | None = None
    command: Sequence[str] = ()
    is_demonstration: bool = False
    quiet: bool = False
    result: Path | None = None
    metrics: Path | None = None
    on_change: tuple[str, ...] = ()


def asked_for(job: Job, policies: Sequence[LoadedPolicy]) -> Collection:
    """Return what to collect for these policies."""
    chosen = [each.check for policy in policies for each in policy.checks]
    return EVERYTHING if job.collect_all else collection_for(chosen)
