"""The demo tenant's expected answers, as `tests/data/demo_truth.yaml` keeps them, and as a scan finds them.

Run `make truth` to write the file anew from a scan, then review the diff: a new check adds about four lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import yaml

from checks.engine.asking import findings
from checks.model import Status
from checks.registry import BUILT_IN, registry
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.server import emulated
from scanner.policies import loaded
from scanner.reading.collection import EVERYTHING
from tests.support.places import DATA
from tests.support.scanning import rows, scanned

TRUTH_FILE = DATA / "demo_truth.yaml"
HEADER = """\
# What an audit must find in the demo tenant, check by check. `make truth` writes this file from a scan.
# Review the diff by hand against what each workspace teaches (`workspaces`, which you edit by hand).
#
# `fail`, `unknown` and the like list workspaces, each by the worst status of its resources. `others` is the
# status of every workspace that is not listed. `none` means that the workspace has no such resource.
# The questions come from demo_truth_policy.yaml. A Project has its hub's network.
"""
NONE = "none"
_WORST_FIRST = (Status.ERROR, Status.FAIL, Status.UNKNOWN, Status.PASS, Status.NOT_APPLICABLE)
_LISTED_FIRST = (*(status.value for status in _WORST_FIRST), NONE)

Truth = Mapping[str, Mapping[str, str]]
"""Check id -> workspace name -> status, or "none"."""


@cache
def found() -> Truth:
    """Scan the demo tenant and return the worst status of each workspace's resources under each check."""
    (policy,) = loaded([str(DATA / "demo_truth_policy.yaml")], registry())
    with emulated(demo_tenant()) as emulator:
        tables, _ = scanned(emulator, collection=EVERYTHING)
    names = [resource_id.rsplit("/", 1)[-1] for resource_id in tables.workspaces.index]
    worst: dict[str, dict[str, str]] = {check.id: dict.fromkeys(names, NONE) for check in BUILT_IN}
    for row in rows(findings(tables, policy.checks)):
        name = row["workspace_id"].rsplit("/", 1)[-1].lower()
        statuses = worst[row["check_id"]]
        statuses[name] = min(statuses.get(name, NONE), row["status"], key=_LISTED_FIRST.index)
    return worst


def sparse(truth: Mapping[str, str]) -> dict[str, object]:
    """Return one check's statuses as the file keeps them: the most frequent as `others`, the rest listed."""
    by_status = {status: sorted(n for n, s in truth.items() if s == status) for status in _LISTED_FIRST}
    quiet = [status for status in _LISTED_FIRST if status not in (Status.FAIL, Status.ERROR)]
    others = max(quiet, key=lambda status: len(by_status[status]))
    listed = {status: names for status, names in by_status.items() if names and status != others}
    return {**listed, "others": others}


def dense(kept: Mapping[str, object], workspaces: Mapping[str, str]) -> dict[str, str]:
    """Return one check's statuses by workspace from what the file keeps."""
    named = {name: status for status, names in kept.items() if isinstance(names, list) for name in names}
    return {name: named.get(name, str(kept["others"])) for name in workspaces}


def written(workspaces: Mapping[str, str], truth: Truth) -> str:
    """Return the text of the file."""
    parts = [HEADER, yaml.dump({"workspaces": dict(workspaces)}, sort_keys=False, width=1000)]
    for check_id in sorted(truth):
        entry = {check_id: sparse(truth[check_id])}
        parts.append(
            yaml.dump(entry, sort_keys=False, width=118, default_flow_style=None, allow_unicode=True)
        )
    return "\n".join(parts)


def kept() -> tuple[dict[str, str], dict[str, dict[str, object]]]:
    """Return the file's workspaces with what each teaches, and its entry for each check."""
    document = yaml.safe_load(TRUTH_FILE.read_text(encoding="utf-8"))
    return document.pop("workspaces"), document


if __name__ == "__main__":
    TRUTH_FILE.write_text(written(kept()[0], found()), encoding="utf-8")
