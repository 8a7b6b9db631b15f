"""How long all checks take over many workspaces, as a ratio to parsing the JSON the facts came in.

    python tests/benchmarks/judge_all_checks.py --subscriptions 100 --workspaces 1000 --rules 10

    python tests/benchmarks/judge_all_checks.py --unlike    # no two workspaces or rules are alike

Everything happens in this process, one after the other, so the ratios of one run can be compared. The
payloads are those of the emulator's generated tenant, as its workspace lists would carry them. As in a scan, a
page is parsed, tabulated and dropped before the next one.
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
from scanner.tables.tabulate import Tabulation

T = TypeVar("T")


def pages(
    subscriptions: int, workspaces: int, rules: int, *, unlike: bool = False
) -> Iterator[tuple[str, bytes]]:
    """Subscription id and the bytes of the list of its workspaces. `unlike`, no two have equal values."""
    tenant = generated_tenant(subscriptions=subscriptions, workspaces=workspaces, rules=rules)
    by_subscription: dict[str, list[str]] = {}
    for number, resource_ in enumerate(tenant.resources):
        if "/workspaces/" in resource_.id and resource_.id.count("/") == 8:
            body = json.dumps(resource_.body, separators=(",", ":"))
            by_subscription.setdefault(resource_.id.split("/")[2], []).append(
                _unlike(body, number) if unlike else body
            )
    for subscription, bodies in by_subscription.items():
        yield subscription, f'{{"value":[{",".join(bodies)}]}}'.encode()


def _unlike(body: str, number: int) -> str:
    """Return the body with hosts, targets, ports and addresses that no other workspace has."""
    address = f"{20 + number // 65536}.{number // 256 % 256}.{number % 256}.7"
    own = f'"properties":{{"networkAcls":{{"defaultAction":"Deny","ipRules":[{{"value":"{address}"}}]}},'
    body = body.replace("packages-", f"packages-{number}-").replace("stshared", f"st{number}")
    return body.replace('"portRanges":"', f'"portRanges":"{1024 + number % 60000},').replace(
        '"properties":{', own, 1
    )


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """The result and the CPU seconds it took. `main` switches the garbage collector off."""
    started = time.process_time()
    result = work()
    return result, time.process_time() - started


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
    parser.add_argument("--unlike", action="store_true", help="no two workspaces or rules are alike")
    arguments = parser.parse_args()
    gc.disable()
    Tables.of()  # imports pandas, which belongs to none of the steps
    size, parse, tabulate, tabulation = 0.0, 0.0, 0.0, Tabulation()
    for name, body in pages(
        arguments.subscriptions, arguments.workspaces, arguments.rules, unlike=arguments.unlike
    ):
        size += len(body) / 1e6
        document, seconds = timed(lambda body=body: json.loads(body))  # type: ignore[misc]
        parse += seconds
        page = payload(name, document)
        tabulate += timed(lambda page=page: tabulation.add(page))[1]  # type: ignore[misc]
        del document, page
    made, seconds = timed(tabulation.finished)
    tabulate += seconds
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
