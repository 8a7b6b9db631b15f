"""The commands as users run them, and an emulator that they can sign in to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from typer.testing import CliRunner

from scanner.cli.main import app
from scanner.emulator.credential import CLIENT_ID, CLIENT_SECRET
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.server import Emulator, emulated
from scanner.emulator.tenants.generated import generated_tenant
from scanner.emulator.tenants.tenant import Tenant

COMPLIANT = generated_tenant(subscriptions=1, workspaces=5, rules=2, seed=0)
MIXED = generated_tenant(subscriptions=2, workspaces=10, rules=2, seed=0)


def run(*arguments: str, env: dict[str, str] | None = None) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"} | (env or {}))
    return result.exit_code, result.stdout, result.stderr


@contextmanager
def served(
    tenant: Tenant, folder: Path, *faults: Fault
) -> Iterator[tuple[Emulator, list[str], dict[str, str]]]:
    """A running emulator over TLS, the options that reach it and the environment that signs in."""
    with emulated(tenant, faults=faults, tls=True) as emulator:
        authority = folder / "ca.pem"
        authority.write_bytes(emulator.ca_pem or b"")
        options = ["--arm-endpoint", emulator.url, "--ca-bundle", str(authority), "--auth", "environment"]
        environment = {
            "AZURE_TENANT_ID": tenant.tenant_id,
            "AZURE_CLIENT_ID": CLIENT_ID,
            "AZURE_CLIENT_SECRET": CLIENT_SECRET,
        }
        yield emulator, options, environment


def scanned(
    tenant: Tenant, folder: Path, *faults: Fault, extra: tuple[str, ...] = ()
) -> tuple[int, str, str]:
    with served(tenant, folder, *faults) as (_, options, environment):
        arguments = ["scan", *options, "--output", str(folder / "report"), "--policy", "internet-outbound"]
        return run(*arguments, *extra, env=environment)


def forbidden(tenant: Tenant) -> Fault:
    subscription = str(tenant.subscriptions[-1]["subscriptionId"])
    return Fault(kind=FaultKind.STATUS, status=403, route="workspaces", subscription=subscription)
