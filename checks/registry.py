"""List every check: the built-in ones, by hand, and those of installed plug-ins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol

from checks.errors import RegistryError
from checks.families import workspace_protection
from checks.families.dependencies import reachable
from checks.families.inbound import private_endpoints, public_access
from checks.families.managed_network import isolation
from checks.families.outbound import rules
from checks.families.scenarios import usage
from checks.families.workloads import computes, endpoints
from checks.model import Check

ENTRY_POINT_GROUP = "azml_audit.checks"


class Family(Protocol):
    """The module of a family: its checks, and a few words on what they are about."""

    CHECKS: tuple[Check, ...]
    DESCRIPTION: str


FAMILIES: tuple[Family, ...] = (
    public_access,
    private_endpoints,
    isolation,
    rules,
    reachable,
    computes,
    endpoints,
    workspace_protection,
    usage,
)
"""The built-in families, in the order of the documentation."""

BUILT_IN: tuple[Check, ...] = tuple(check for family in FAMILIES for check in family.CHECKS)


def registry() -> Mapping[str, Check]:
    """Return every check by its id, sorted.

    A plug-in is a distribution with an entry point in the group `azml_audit.checks` that names a `Check` or an
    iterable of them. Raises RegistryError if an entry point cannot be loaded or two checks claim one id.
    """
    claims = [(check, "azml-audit") for check in BUILT_IN]
    for entry_point in entry_points(group=ENTRY_POINT_GROUP):
        claims += [(check, _owner(entry_point)) for check in _loaded(entry_point)]
    return _unique(claims)


def _unique(claims: Iterable[tuple[Check, str]]) -> Mapping[str, Check]:
    owners: dict[str, str] = {}
    checks: dict[str, Check] = {}
    for check, owner in claims:
        if check.id in checks:
            raise RegistryError(
                f"Two checks claim the id {check.id}: one from {owners[check.id]}, one from {owner}. "
                "Uninstall one of them, or rename the plug-in's check."
            )
        owners[check.id], checks[check.id] = owner, check
    return {id: checks[id] for id in sorted(checks)}


def _loaded(entry_point: EntryPoint) -> tuple[Check, ...]:
    try:
        loaded = entry_point.load()
    except Exception as error:
        raise RegistryError(
            f"The plug-in {_owner(entry_point)} could not be loaded: {type(error).__name__}: {error}. "
            "Repair or uninstall it."
        ) from error
    checks = (loaded,) if isinstance(loaded, Check) else tuple(loaded) if isinstance(loaded, Iterable) else ()
    if not checks or not all(isinstance(check, Check) for check in checks):
        raise RegistryError(
            f"The plug-in {_owner(entry_point)} names {entry_point.value}, "
            "which is neither a Check nor an iterable of Checks."
        )
    return checks


def _owner(entry_point: EntryPoint) -> str:
    return entry_point.dist.name if entry_point.dist else entry_point.value
