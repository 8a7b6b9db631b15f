"""Collects a tenant as `azml-audit scan` would and stops there: nothing is judged, no report is written.

    python tests/benchmarks/collect_only.py ENDPOINT CA_PEM POLICY CONCURRENCY [URLS]

Signs in by environment variables. With `URLS`, what was asked is written there for `bare_loop.py`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from scanner.cli.boundary import lasting

with lasting():
    from checks.registry import registry
    from scanner.audit import collected
    from scanner.azure.arm import Arm
    from scanner.azure.pipeline import Patience
    from scanner.choices import Auth, CloudName
    from scanner.commands.connections import connection
    from scanner.commands.gathering import now
    from scanner.payloads.payload import PayloadStore
    from scanner.policies import loaded
    from scanner.reading.collection import collection_for
    from scanner.reading.live import LiveSource
    from scanner.scope.wanted import Wanted


async def collect(endpoint: str, authority: Path, policy: str, concurrency: int, store: PayloadStore) -> int:
    """Fill the store; returns how many workspaces there are."""
    policies = loaded([policy], registry())
    wanted = collection_for(each.check for policy in policies for each in policy.checks)
    connected = await asyncio.to_thread(
        connection,
        auth=Auth.ENVIRONMENT,
        cloud_name=CloudName.AZURE,
        arm_endpoint=endpoint,
        tenants=(),
        client_id=None,
        ca_bundle=authority,
        prompt=lambda text: None,
    )
    arm = Arm(
        connected.cloud,
        connected.credential,
        clock=now,
        patience=Patience(max_concurrency=concurrency),
        ca_bundle=authority,
    )
    async with arm:
        tables = await collected(LiveSource(arm, Wanted(), collection=wanted), store)
    return len(tables.workspaces)


def asked(store: PayloadStore) -> dict[str, Any]:
    """The URLs the store's payloads came from, as `bare_loop.py` reads them, and their number by kind.

    Items of one list came from one request. Its later pages are not counted.
    """
    kinds: Counter[str] = Counter()
    lists: set[str] = set()
    first: list[str] = []
    subscriptions: dict[str, dict[str, list[str]]] = defaultdict(lambda: {"pages": [], "rest": []})
    for payload in store:
        if payload.of_list and payload.url in lists:
            continue
        if payload.of_list:
            lists.add(payload.url)
        kinds["list of dependencies" if payload.of_list else payload.kind] += 1
        if payload.subscription_id is None:
            first.append(payload.url)
        else:
            part = "pages" if payload.kind == "workspaces" else "rest"
            subscriptions[payload.subscription_id.lower()][part].append(payload.url)
    return {"first": first, "subscriptions": list(subscriptions.values()), "kinds": kinds}


def main() -> None:
    """Collect, and say what came."""
    endpoint, authority, policy, concurrency, *urls = sys.argv[1:]
    with PayloadStore() as store:
        workspaces = asyncio.run(collect(endpoint, Path(authority), policy, int(concurrency), store))
        print(json.dumps({"workspaces": workspaces, "payloads": len(store)}))
        for path in urls:
            Path(path).write_text(json.dumps(asked(store)), encoding="utf-8")


if __name__ == "__main__":
    main()
