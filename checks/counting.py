"""Numbers in sentences."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return the number with its noun: `1 workspace`, `1,234 workspaces`. `plural` is for words such as "policies"."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
