"""Stub."""

from checks.model import Check

CHECKS: tuple[Check, ...] = ()
