"""The index of an archive: one line of JSON for each run, chained by root digests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scanner.archive.stores import INDEX
from scanner.errors import ArchiveError

FORMAT_VERSION = "1.1"


class Violation(BaseModel):
    """A violation that opened or closed: the id of the finding and what a trend counts by."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    check: str
    severity: str
    workspace: str = Field(description="The lower-cased id of the workspace, or of the resource without one.")
    resource: str

    @property
    def subscription(self) -> str:
        """The lower-cased id of the subscription, "" if the resource has none."""
        steps = self.workspace.split("/")
        return steps[2] if len(steps) > 2 and steps[1] == "subscriptions" else ""


class Changes(BaseModel):
    """The changes of a run against the run before it in its series, by ids."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    opened: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    unseen: tuple[str, ...] = Field(default=(), description="Open and not decided from this run on.")
    seen_again: tuple[str, ...] = Field(default=(), description="Not decided before and found open again.")
    maybe_older: tuple[str, ...] = Field(
        default=(), description="Of `opened`: the run before could not exclude it."
    )


class Run(BaseModel):
    """One line of the index."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    format_version: str = FORMAT_VERSION
    run: str = Field(description="The folder of the run, YYYY/MM/DD/HHMMSSZ-root8.")
    started_at: datetime
    finished_at: datetime
    tool_version: str
    scope: str = Field(description="Digest of the scope: what was asked, of which cloud.")
    policies: dict[str, str] = Field(description="Name to digest.")
    exit_code: int
    verdicts: dict[str, str]
    coverage: dict[str, int] = Field(description="subscriptions, subscriptions_read, workspaces, gaps.")
    violations: dict[str, int] = Field(description="Distinct violations by severity.")
    by_check: dict[str, int] = Field(description="Distinct violations by check.")
    unknown: int
    opened: tuple[Violation, ...] = Field(
        description="Violations that no earlier run of the series has open."
    )
    closed: tuple[Violation, ...] = Field(
        description="Violations that were open and are known to be none now."
    )
    unseen: tuple[str, ...] = Field(
        (), description="Open violations, by finding id, not decided from now on."
    )
    seen_again: tuple[str, ...] = Field(
        (), description="Violations that were not decided and are found again."
    )
    maybe_older: tuple[str, ...] = Field(
        (), description="Of `opened`: the run before could not exclude them."
    )
    destinations: Changes = Field(
        default=Changes(), description="The same for the destinations that rules open."
    )
    read: dict[str, bool] = Field(
        {}, description="Subscriptions that are read now and were not, or the reverse."
    )
    unsure: dict[str, tuple[str, ...]] = Field(
        default={}, description="Workspaces whose undecided checks changed, with these checks."
    )
    files: dict[str, str] = Field(description="Every file of the run to its SHA-256.")
    root: str
    previous_root: str | None = Field(
        description="The root digest of the line before; null in the first line."
    )

    @property
    def series(self) -> tuple[str, tuple[str, ...]]:
        """The scope and the policies: only runs that share both are compared."""
        return self.scope, tuple(sorted(self.policies.values()))

    @property
    def is_complete(self) -> bool:
        """Return whether the run has no gap."""
        return self.coverage["gaps"] == 0

    @property
    def changes(self) -> Changes:
        """The changes of the violations, by the ids of their findings."""
        return Changes(
            opened=tuple(each.id for each in self.opened),
            closed=tuple(each.id for each in self.closed),
            unseen=self.unseen,
            seen_again=self.seen_again,
            maybe_older=self.maybe_older,
        )


def runs_in(content: bytes, name: str) -> list[Run]:
    """Return the runs of an index. A line that is no JSON is left out: `broken_lines` names it.

    Raises ArchiveError for JSON that is no run, such as a run of a newer version, with the number of its line.
    """
    runs = []
    for number, line in _numbered(content):
        if _is_json(line):
            try:
                runs.append(Run.model_validate_json(line))
            except ValidationError as error:
                raise ArchiveError(
                    f"Line {number} of {INDEX} in {name} is not a run of this version of azml-audit: "
                    f"{error.errors(include_url=False)[0]['msg']}."
                ) from error
    return runs


def broken_lines(content: bytes) -> list[int]:
    """Return the numbers of the lines that are no JSON: their writer was killed, or something else wrote them."""
    return [number for number, line in _numbered(content) if not _is_json(line)]


def _numbered(content: bytes) -> Iterator[tuple[int, bytes]]:
    return ((number, line) for number, line in enumerate(content.split(b"\n"), 1) if line.strip())


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True
