"""Split the results of SARIF into runs that GitHub code scanning accepts, the worst results first.

GitHub accepts 20 runs in a file, 25,000 results in a run and 10 MB after gzip ("SARIF results exceed limits", 2026).
Results that do not fit are left out and counted. The results wait in temporary files, so that none is in memory.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from tempfile import TemporaryFile
from typing import IO, Any

import numpy as np
import pandas as pd

from checks.contract.tables import Tables
from checks.vocabulary import Codes, Vocabulary
from reports.tables.finding_rows import FindingRow, finding_rows
from reports.tables.violations import worst_first
from reports.writing.encoding import Json, as_json

Key = tuple[str, int]
"""A policy, and the number of its run."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The limits of one file. `compressed` keeps 5 % of GitHub's 10 MB free.

    Results are measured in batches. A batch that does not fit is left out as a whole, with all results after it.
    """

    runs: int = 20
    results: int = 25_000
    compressed: int = 9_500_000
    batch: int = 500


@dataclass(kw_only=True)
class Run:
    """One run of a policy. Run 0 is the first; the next ones have the results that the runs before have no room for.

    `not_listed` counts by policy, verdict and severity the results that no run has. The first run of a policy has it.
    """

    policy: str
    number: int
    file: IO[bytes]
    checks: set[str] = field(default_factory=set)
    not_listed: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    compressor: Any = field(default_factory=zlib.compressobj)

    @property
    def results(self) -> Iterator[Json]:
        """The results as JSON texts, in the order in which they were added."""
        self.file.seek(0)
        return (Json(line.decode().rstrip("\n")) for line in self.file)

    def compressed(self, text: bytes) -> int:
        """Return how many bytes the text adds to the compressed run."""
        return len(self.compressor.compress(text)) + len(self.compressor.flush(zlib.Z_SYNC_FLUSH))


def filled_runs(
    findings: pd.DataFrame,
    tables: Tables,
    policies: Sequence[str],
    result: Callable[[FindingRow], dict[str, Any]],
    *,
    limits: Limits,
    overhead: Callable[[Run], int],
    files: ExitStack,
) -> list[Run]:
    """Return the runs with a result for each finding, the worst first, until the file is full.

    `overhead` returns the compressed size of a run without its results. `files` closes the temporary files.
    """
    ordered = worst_first(findings)
    numbers = run_numbers(Vocabulary.of(ordered["policy"]), policies, limits)
    fitting = np.flatnonzero(numbers >= 0)
    names = ordered["policy"].astype(object).to_numpy()
    used = set(zip(names[fitting].tolist(), numbers[fitting].tolist(), strict=True))
    keys = [(policy, 0) for policy in policies[: limits.runs]] + [key for key in used if key[1]]
    runs = {
        key: Run(policy=key[0], number=key[1], file=files.enter_context(TemporaryFile()))  # noqa: SIM115
        for key in sorted(keys, key=lambda key: (policies.index(key[0]), key[1]))
    }
    room = limits.compressed - sum(overhead(run) for run in runs.values() if not run.number)
    rows = zip(finding_rows(ordered.iloc[fitting], tables), numbers[fitting].tolist(), strict=True)
    written = _written(rows, runs, result, overhead, room, limits.batch)
    lost = np.ones(len(ordered), dtype=bool)
    lost[fitting[:written]] = False
    _count(ordered[lost], runs)
    return [run for run in runs.values() if run.checks or not run.number]


def run_numbers(policy: Vocabulary, policies: Sequence[str], limits: Limits) -> Codes:
    """Return for each finding the number of its policy's run, -1 if the file has no such run.

    Every policy has a run 0. The policies whose findings come first have the other runs.
    """
    names = policy.expanded
    nth = pd.Series(names).groupby(names, sort=False).cumcount().to_numpy()
    wanted = nth // limits.results
    allowed = {(name, 0) for name in policies[: limits.runs]}
    for row in np.flatnonzero((nth % limits.results == 0) & (wanted > 0)):
        if len(allowed) < limits.runs and (names[row], 0) in allowed:
            allowed.add((names[row], int(wanted[row])))
    most = {
        name: max((number for each, number in allowed if each == name), default=-1) for name in policy.pool
    }
    last = np.array([most[name] for name in policy.pool], dtype=np.int64)[policy.codes]
    return np.where(wanted <= last, wanted, -1)


def _written(
    rows: Iterator[tuple[FindingRow, int]],
    runs: Mapping[Key, Run],
    result: Callable[[FindingRow], dict[str, Any]],
    overhead: Callable[[Run], int],
    room: int,
    size: int,
) -> int:
    """Write results to their runs until they do not fit, and return how many were written."""
    written = 0
    while batch := list(islice(rows, size)):
        texts: dict[Key, list[bytes]] = {}
        for row, number in batch:
            texts.setdefault((row.policy, number), []).append(b"".join(as_json(result(row), levels=0)))
        joined = {key: b"".join(each) for key, each in texts.items()}
        room -= sum(runs[key].compressed(text) for key, text in joined.items())
        room -= sum(overhead(runs[key]) for key in joined if key[1] and not runs[key].checks)
        if room < 0:
            break
        for key, text in joined.items():
            runs[key].file.write(text)
        for row, number in batch:
            runs[row.policy, number].checks.add(row.check_id)
        written += len(batch)
    return written


def _count(lost: pd.DataFrame, runs: Mapping[Key, Run]) -> None:
    """Count the findings that no run has in the first run of their policy, or in that of the file."""
    columns = [lost[name].astype(object) for name in ("policy", "verdict", "severity")]
    first = next(iter(runs.values()), None)
    for key, count in Counter(zip(*columns, strict=True)).items():
        run = runs.get((key[0], 0), first)
        if run:
            run.not_listed[key] += count
