"""CPU time of OBR010 over one workspace with 1,000 and with 10,000 rules, for several shapes of rules.

    python tests/benchmarks/overlaps.py

The ratio is about 10 if the time grows with the number of rules, and about 100 if it grows with the square.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

from checks.contract.tables import Tables
from checks.engine.asking import findings
from checks.model import ChosenCheck
from checks.registry import registry

ID = "/subscriptions/s/resourcegroups/g/providers/microsoft.machinelearningservices/workspaces/w"
Row = dict[str, object]


def host(name: str) -> Row:
    """A rule for a host name."""
    return {"type": "FQDN", "fqdn": name}


def tag(name: str, ports: str = "443", prefixes: str = "") -> Row:
    """A rule for a service tag or for address prefixes."""
    return {
        "type": "ServiceTag",
        "service_tag": name,
        "protocol": "TCP",
        "port_ranges": ports,
        "address_prefixes": prefixes,
    }


SHAPES: dict[str, Callable[[int, int], Row]] = {
    "hosts of one domain": lambda n, _: host("*.contoso.com" if n == 0 else f"h{n}.contoso.com"),
    "one host, repeated": lambda _n, _: host("pypi.org"),
    "wildcards in wildcards": lambda n, _: host("*" + "x" * (n % 200) + f"{n // 200}.contoso.com"),
    "a wildcard, repeated": lambda n, count: host("*.contoso.com" if n < count // 2 else f"h{n}.contoso.com"),
    "ports in ports": lambda n, _: tag("Storage", f"1-{n + 1}"),
    "single ports": lambda n, _: tag("Storage", str(n + 1)),
    "addresses in a network": lambda n, _: tag(
        "X", prefixes="20.0.0.0/8" if n == 0 else f"20.{n // 256}.{n % 256}.7"
    ),
    "networks and ports": lambda n, _: tag(
        "X", f"{n + 1}-60000", f"20.{n // 256}.{n % 256}.0/24, 20.0.0.0/9"
    ),
}


def seconds(shape: Callable[[int, int], Row], count: int) -> float:
    """CPU seconds for one workspace with that many rules."""
    rules = [
        {
            "rule_id": f"{ID}/outboundrules/r{n}",
            "workspace_id": ID,
            "rule": f"r{n}",
            "category": "UserDefined",
            "status": "Active",
            "action": "Allow",
            **shape(n, count),
        }
        for n in range(count)
    ]
    tables = Tables.of(workspaces=[{"workspace_id": ID, "outbound_rules_known": True}], outbound_rules=rules)
    check = registry()["OBR010"]
    chosen = ChosenCheck(check=check, severity=check.severity, params=check.params())
    started = time.process_time()
    findings(tables, [chosen])
    return time.process_time() - started


def main() -> None:
    """Run it and print the table."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter).parse_args()
    print(f"{'rules':24} {'1,000':>9} {'10,000':>9}   ratio")
    for name, shape in SHAPES.items():
        few, many = seconds(shape, 1_000), seconds(shape, 10_000)
        print(f"{name:24} {few:7.3f} s {many:7.3f} s   {many / few:5.1f}")


if __name__ == "__main__":
    main()
