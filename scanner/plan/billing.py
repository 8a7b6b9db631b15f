"""The bill of a plan, with prices from a file of the user. azml-audit knows no prices."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from checks.contract.isolation import APPROVED
from checks.suggestions import did_you_mean
from scanner.errors import UsageError
from scanner.plan.recreation import ModeChange
from scanner.plan.steps import Step
from scanner.policy_yaml import document, text_of

PRICED: Final[Mapping[str, str]] = {
    "firewall_standard": "Standard firewall",
    "firewall_basic": "Basic firewall",
    "private_endpoint": "private endpoint",
}
"""The names that a file of prices may have. The unit is that of the file, such as euros a month."""


def prices_from(path: Path) -> dict[str, float]:
    """Return the prices in a JSON or YAML file. Raises UsageError for another file, name or value."""
    try:
        found = document(text_of(path), str(path))
    except OSError as error:
        raise UsageError(f"Could not read {path}: {error.strerror}.") from error
    except ValueError as error:
        raise UsageError(f"{path} is neither JSON nor YAML: {error}.") from error
    if not isinstance(found, dict) or not found:
        raise UsageError(f"{path} has no prices. Write lines such as `private_endpoint: 7.30`.")
    return {_name(name, path): _price(name, value, path) for name, value in found.items()}


def _name(name: object, path: Path) -> str:
    if name not in PRICED:
        hint = did_you_mean(str(name), PRICED)
        raise UsageError(f"{path} has a price for {name!r}. {hint}Choose from: {', '.join(PRICED)}.")
    return str(name)


def _price(name: object, value: object, path: Path) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(float(str(value))) or float(str(value)) < 0:
        raise UsageError(f"{path}: {name} is {value!r}, not a number of at least 0.")
    return float(str(value))


def billed_by(steps: Iterable[Step]) -> dict[str, int]:
    """Return how many private endpoints and firewalls the commands add: one firewall for a workspace at most."""
    counts = dict.fromkeys(PRICED, 0)
    with_firewall: set[str] = set()
    for step in steps:
        text = "\n".join(step.commands)
        counts["private_endpoint"] += text.count("private-endpoint create ") + text.count(
            "--type private_endpoint "
        )
        key = step.workspace.workspace_id.lower()
        if "--type fqdn " in text and not step.workspace.has_host_rules and key not in with_firewall:
            with_firewall.add(key)
            counts[firewall_of(step.workspace.firewall_sku)] += 1
    return {name: count for name, count in counts.items() if count}


def firewall_of(sku: str) -> str:
    """Return the name of the firewall's price. Azure takes Standard if the workspace names no tier."""
    return "firewall_basic" if sku.lower() == "basic" else "firewall_standard"


def priced(name: str, count: int, prices: Mapping[str, float]) -> str:
    """Return the number of resources, with their price if the user gave it."""
    words = f"{count} {PRICED[name]}{'' if count == 1 else 's'}"
    if name not in prices:
        return f"{words}{_price_of(name, prices)}"
    return f"{words} x {prices[name]:,.2f} = {count * prices[name]:,.2f}"


def billed_by_change(change: ModeChange, prices: Mapping[str, float]) -> list[str]:
    """Return what Azure bills after a change of the isolation mode, as sentences."""
    name = firewall_of(change.workspace.firewall_sku)
    tier = "" if change.workspace.firewall_sku else ", the tier that Azure takes if none is set"
    each = f"{_price_of('private_endpoint', prices, ' each')}."
    lines = [f"Billed: each private endpoint that Azure creates in the network{each}"]
    if change.mode == APPROVED:
        price = _price_of(name, prices)
        lines.append(f"Billed: a {PRICED[name]}{price}{tier}, from the first host-name rule on.")
    return lines


def _price_of(name: str, prices: Mapping[str, float], unit: str = "") -> str:
    """Return the price in brackets, or that the user's file does not have it. Without a file it is ""."""
    if name in prices:
        return f" ({prices[name]:,.2f}{unit})"
    return f" (no {name} in the file of prices)" if prices else ""
