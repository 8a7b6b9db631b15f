"""The parts of a workspace that no policy of an audit asked about: its picture cannot show them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from checks.drift.model import Snapshot, texts
from checks.drift.rules import rules_known
from checks.registry import registry

DEPENDENCIES = {"RES001": "Storage account", "RES002": "Key vault", "RES003": "Container registry"}
"""The check that reads the lock of each dependency."""

_PARTS: Mapping[str, frozenset[str]] = {
    "private endpoints by subscription and state": frozenset({"PEP002", "PEP003"}),
    **{kind.lower(): frozenset({check_id}) for check_id, kind in DEPENDENCIES.items()},
}


def asked(audit: Snapshot) -> frozenset[str]:
    """Return the checks that a policy of the audit asked. A report without that list has those with a finding."""
    chosen = {id for line in audit.of_policies("checks").values() for id in line.split(", ") if id}
    return frozenset(chosen or texts(audit.findings["check_id"]))


def are_rules_asked(audit: Snapshot) -> bool:
    """Return whether a check of the audit reads outbound rules."""
    reads = (read for id, check in registry().items() if id in asked(audit) for read in check.reads)
    return any(read.startswith("outbound_rules.") for read in reads)


def not_asked(audit: Snapshot, key: str) -> Iterator[str]:
    """Yield the parts of the picture that no policy of the audit asked about."""
    row, checks = audit.workspace_rows[key], asked(audit)
    if row["effective_public_network_access"].lower() == "enabled" and not checks & {"NET002", "NET003"}:
        yield "selected addresses"
    yield from (part for part, ids in _PARTS.items() if not ids & checks)
    over = {check.over for id, check in registry().items() if id in checks}
    yield from (table for table in ("computes", "endpoints") if table not in over)
    if not are_rules_asked(audit) and (row["hub_resource_id"].lower() or key) not in rules_known(audit):
        yield "outbound rules"
