"""NET: who may reach the workspace."""

from checks.model import Check

CHECKS: tuple[Check, ...] = ()
