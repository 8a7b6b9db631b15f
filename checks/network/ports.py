"""Parse and compare the port lists of outbound rules, such as `80, 8080-8089` or `*`."""

from __future__ import annotations

Ports = tuple[tuple[int, int], ...]
"""Sorted port ranges, both ends included. No two ranges overlap or touch."""


def parsed_ports(ranges: str) -> Ports | None:
    """Return the ports of a comma list; `*` is all ports. None if the text is no port list."""
    found: list[tuple[int, int]] = []
    for part in ranges.split(","):
        first, dash, last = (piece.strip() for piece in part.partition("-"))
        low, high = ("0", "65535") if part.strip() == "*" else (first, last if dash else first)
        if not (_is_port(low) and _is_port(high) and int(low) <= int(high)):
            return None
        found.append((int(low), int(high)))
    return _merged(found)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) <= 65535


def _merged(ranges: list[tuple[int, int]]) -> Ports:
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def normal_ports(ranges: str) -> str:
    """Return the port list sorted and merged. A text that is no port list is only stripped."""
    ports = parsed_ports(ranges)
    if ports is None:
        return ranges.strip()
    return ",".join(f"{low}-{high}" for low, high in ports)


def number_of_ports(ports: Ports) -> int:
    """Return how many ports the ranges open together."""
    return sum(high - low + 1 for low, high in ports)


def covers_ports(wide: Ports, narrow: Ports) -> bool:
    """Return whether every port of `narrow` is open in `wide`."""
    return all(any(low <= first and last <= high for low, high in wide) for first, last in narrow)
