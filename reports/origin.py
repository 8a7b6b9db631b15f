"""Where the facts of a report come from, in the words every format uses."""

from __future__ import annotations

from datetime import UTC, datetime

from reports.audit import Audit

NOT_AZURE = "Not Azure"


def caution(audit: Audit) -> str:
    """What must be said where the facts are not Azure's; "" where they are."""
    if audit.is_azure:
        return ""
    return f"{NOT_AZURE}: the facts come from {audit.source} and say nothing about any tenant of Azure."


def origin(audit: Audit) -> str:
    """One sentence on the source of the facts, with the caution where it is due."""
    return caution(audit) or f"The facts come from {audit.source}."


def moment(time: datetime) -> str:
    """The time as RFC 3339 in UTC, to the second: 2026-05-04T09:30:00Z."""
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def milliseconds(time: datetime) -> int:
    """The time in milliseconds since 1970."""
    return round(time.timestamp() * 1000)
