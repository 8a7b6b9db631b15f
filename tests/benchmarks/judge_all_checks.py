"""How long all checks take over many workspaces, as a ratio to parsing the JSON the facts came in.

    python tests/benchmarks/judge_all_checks.py --subscriptions 100 --workspaces 1000 --rules 10

Everything happens in this process, one after the other, so the ratios of one run can be compared. The
payloads are those of the emulator's generated tenant, as its workspace lists would carry them.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

from checks.contract.tables import Tables
from checks.engine.asking import findings
from checks.model import ChosenCheck
from checks.registry import BUILT_IN
from scanner.emulator.tenants.generated import generated_tenant
from scanner.payloads.payload import Payload
from scanner.tables.tabulate import tables

T = TypeVar("T")


def pages(subscriptions: int, workspaces: int, rules: int) -> Iterator[tuple[str, bytes]]:
    """Subscription id and the bytes of the list of its workspaces."""
    tenant = generated_tenant(subscriptions=subscriptions, workspaces=workspaces, rules=rules)
    by_subscription: dict[str, list[object]] = {}
    for resource_ in tenant.resources:
        if "/workspaces/" in resource_.id and resource_.id.count("/") == 8:
            by_subscription.setdefault(resource_.id.split("/")[2], []).append(resource_.body)
    for subscription, bodies in by_subscription.items():
        yield subscription, json.dumps({"value": bodies}, separators=(",", ":")).encode()


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """The result and the CPU seconds it took, the collector kept out of it."""
    gc.collect()
    gc.disable()
    started = time.process_time()
    result = work()
    spent = time.process_time() - started
    gc.enable()
    return result, spent


def payload(subscription: str, document: object) -> Payload:
    """The list of one subscription's workspaces."""
    return Payload(
        kind="workspaces",
        scope=f"/subscriptions/{subscription}",
        subscription_id=subscription,
        url="",
        api_version="2025-12-01",
        status=200,
        retrieved_at=datetime(2026, 1, 1, tzinfo=UTC),
        document=document,
    )


def main() -> None:
    """Run it and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name, default in (("subscriptions", 100), ("workspaces", 1000), ("rules", 10)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--each", action="store_true", help="also time every check on its own")
    arguments = parser.parse_args()
    Tables.of()  # imports pandas, which belongs to none of the steps
    bodies = list(pages(arguments.subscriptions, arguments.workspaces, arguments.rules))
    documents, parse = timed(lambda: [(name, json.loads(body)) for name, body in bodies])
    size = sum(len(body) for _, body in bodies) / 1e6
    made, tabulate = timed(lambda: tables(payload(*each) for each in documents))

    made = made.replaced(workspaces=made.workspaces.assign(outbound_rules_known=True))
    chosen = [ChosenCheck(check=each, severity=each.severity, params=each.params()) for each in BUILT_IN]
    found, judge = timed(lambda: findings(made, chosen))
    print(f"{len(made.workspaces):,} workspaces, {len(made.outbound_rules):,} rules, {size:,.0f} MB of JSON")
    print(f"{len(chosen)} checks, {len(found):,} findings")
    for label, seconds, target in (
        ("json.loads", parse, 1.0),
        ("tabulate", tabulate, 2.5),
        ("all checks", judge, 4.0),
    ):
        ratio = seconds / parse
        wanted = f"   target {target:.1f}: {'met' if ratio <= target else 'MISSED'}"
        print(f"{label:12} {seconds:8.2f} CPU s   {ratio:6.2f} x json.loads{wanted}")
    print(f"peak memory  {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:8.2f} GB")
    if arguments.each:
        for each in chosen:
            _, seconds = timed(lambda each=each: findings(made, [each]))  # type: ignore[misc]
            print(f"{each.check.id:12} {seconds:8.2f} CPU s   {seconds / parse:6.2f} x json.loads")


if __name__ == "__main__":
    main()
