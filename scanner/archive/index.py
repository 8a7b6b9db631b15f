"""The index of an archive: one line of JSON for each run, chained by root digests."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from checks.engine.finding_ids import finding_ids
from checks.frames import pd
from checks.model import Status
from checks.severity import Verdict
from reports.audit import Audit
from reports.tables.population import in_scope
from scanner.archive.stores import INDEX, ArchiveStore, ChangedMeanwhileError
from scanner.errors import ArchiveError

FORMAT_VERSION = "1.0"
_MOST_TRIES = 50


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
        """Whether the run has no gap."""
        return self.coverage["gaps"] == 0


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


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What a run contributes to the index before its place in the chain is known."""

    fixed: Mapping[str, object]
    violations: Mapping[str, Violation]
    settled: frozenset[str]
    """The ids of findings that are known to be no violation now."""
    subscriptions_read: frozenset[str]
    left_out: frozenset[str]
    """The lower-cased ids of what a rule of the scope leaves out: a violation there is not known to be closed."""
    unsure: frozenset[tuple[str, str]]
    """The checks, with a workspace, that have an unknown finding there: what they lack may still be open."""

    def is_closed(self, violation: Violation) -> bool:
        """Return whether a violation that was open is known to be none now."""
        if violation.id in self.violations:
            return False
        if violation.id in self.settled:
            return True
        is_read = (
            violation.subscription in self.subscriptions_read and violation.workspace not in self.left_out
        )
        return is_read and (violation.check, violation.workspace) not in self.unsure


def chained(line: Snapshot, runs: Sequence[Run]) -> Run:
    """Return the line that follows these runs."""
    draft = Run.model_validate({**line.fixed, "opened": (), "closed": (), "previous_root": None})
    before = open_after([run for run in runs if run.series == draft.series])
    opened = [each for id, each in line.violations.items() if id not in before]
    closed = [each for each in before.values() if line.is_closed(each)]
    return draft.model_copy(
        update={
            "opened": tuple(opened),
            "closed": tuple(closed),
            "previous_root": runs[-1].root if runs else None,
        }
    )


def open_after(runs: Sequence[Run]) -> dict[str, Violation]:
    """Return the violations that are open after these runs of one series."""
    found: dict[str, Violation] = {}
    for run in runs:
        found |= {each.id: each for each in run.opened}
        for each in run.closed:
            found.pop(each.id, None)
    return found


def append(store: ArchiveStore, line: Snapshot) -> Run:
    """Append the run to the index and return its line. If another writer was faster, chain it after that one."""
    for _ in range(_MOST_TRIES):
        version = store.index()
        run = chained(line, runs_in(version.content, store.name))
        cut_off = version.content and not version.content.endswith(b"\n")
        try:
            store.append((b"\n" if cut_off else b"") + run.model_dump_json().encode() + b"\n", version.etag)
        except ChangedMeanwhileError:
            continue
        return run
    raise ArchiveError(f"{store.name}: other writers changed the index {_MOST_TRIES} times in a row.")


def scope_digest(scope: Mapping[str, object]) -> str:
    """Return the digest of a scope."""
    return sha256(json.dumps(scope, sort_keys=True, default=list).encode()).hexdigest()


def line_of(audit: Audit, *, run: str, scope: str, exit_code: int, files: Mapping[str, str]) -> Snapshot:
    """Return what the audit contributes to the index."""
    found = audit.findings
    distinct = found.assign(id=finding_ids(found)) if len(found) else found.assign(id="")
    violated = distinct[distinct["verdict"].eq(Verdict.VIOLATED.value)].drop_duplicates("id")
    violations = {each.id: each for each in _violations(violated)}
    is_settled = distinct["status"].isin([Status.PASS.value, Status.NOT_APPLICABLE.value])
    tables = audit.tables
    is_read = tables.subscriptions["read"].fillna(value=False).astype(bool)
    read = tables.subscriptions["subscription_id"].astype("string").str.lower()[is_read]
    unsure = distinct[distinct["status"].isin([Status.UNKNOWN.value, Status.ERROR.value])]
    fixed = {
        "run": run,
        "started_at": audit.started_at,
        "finished_at": audit.finished_at,
        "tool_version": audit.tool_version,
        "scope": scope,
        "policies": {verdict.policy: verdict.digest for verdict in audit.verdicts},
        "exit_code": exit_code,
        "verdicts": {verdict.policy: verdict.verdict.value for verdict in audit.verdicts},
        "coverage": {
            "subscriptions": len(in_scope(tables.subscriptions)),
            "subscriptions_read": int(is_read.sum()),
            "workspaces": len(in_scope(tables.workspaces)),
            "gaps": len(tables.gaps),
        },
        "violations": _counts(violated["severity"]),
        "by_check": _counts(violated["check_id"]),
        "unknown": int(unsure["id"].nunique()),
        "files": dict(files),
        "root": audit.root_digest,
    }
    settled = frozenset(distinct["id"][is_settled].astype(str)) - set(violations)
    return Snapshot(
        fixed=fixed,
        violations=violations,
        settled=settled,
        subscriptions_read=frozenset(read),
        left_out=frozenset(tables.left_out.index),
        unsure=frozenset(zip(unsure["check_id"].astype(str), _workspaces(unsure), strict=True)),
    )


def _violations(found: pd.DataFrame) -> list[Violation]:
    columns = found[["id", "check_id", "severity", "resource_id"]].astype("string").fillna("")
    return [
        Violation(id=id, check=check, severity=severity, workspace=workspace, resource=resource)
        for (id, check, severity, resource), workspace in zip(
            columns.itertuples(index=False, name=None), _workspaces(found), strict=True
        )
    ]


def _workspaces(found: pd.DataFrame) -> list[str]:
    named = found["workspace_id"].astype("string").fillna("")
    resources = found["resource_id"].astype("string").fillna("")
    return named.where(named.ne(""), resources).str.lower().tolist()


def _counts(column: pd.Series) -> dict[str, int]:
    return {
        str(name): int(count) for name, count in column.astype("string").value_counts().sort_index().items()
    }
