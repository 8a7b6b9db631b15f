"""The source of a report's facts and the time of their reading, in the words every format uses."""

from __future__ import annotations

from datetime import UTC, datetime

from reports.audit import Audit

NOT_AZURE = "Not Azure"


def caution(audit: Audit) -> str:
    """Return the warning that the facts are not from Azure; "" if they are."""
    if audit.is_azure:
        return ""
    return f"{NOT_AZURE}: the facts come from {audit.source} and describe no Azure tenant."


def origin(audit: Audit) -> str:
    """Return one sentence on the source of the facts: the caution, if there is one."""
    return caution(audit) or f"The facts come from {audit.source}."


def moment(time: datetime) -> str:
    """Return the time as RFC 3339 in UTC, to the second: 2026-05-04T09:30:00Z."""
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def spelled_out(time: datetime) -> str:
    """Return the time for a reader: 2026-05-04 09:30:00 UTC."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def milliseconds(time: datetime) -> int:
    """Return the time in milliseconds since 1970."""
    return round(time.timestamp() * 1000)
