"""`azml-audit emulator`: serve the emulator in the foreground, for tests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from scanner.choices import TenantName
from scanner.emulator.credential import CLIENT_ID, CLIENT_SECRET
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.faults import Fault
from scanner.emulator.foreground import serve
from scanner.emulator.server import Emulator
from scanner.emulator.tenants.generated import generated_tenant
from scanner.emulator.tenants.tenant import Tenant
from scanner.errors import UsageError
from scanner.terminal import print_lines


def tenant_named(name: TenantName, *, subscriptions: int, workspaces: int, rules: int, seed: int) -> Tenant:
    """Return the demo tenant, or generate one of this size."""
    if name is TenantName.DEMO:
        return demo_tenant()
    return generated_tenant(subscriptions=subscriptions, workspaces=workspaces, rules=rules, seed=seed)


def actions_of(role: Path) -> frozenset[str]:
    """Return the actions of a role definition that `azml-audit permissions` printed. Raises UsageError."""
    try:
        definition = json.loads(role.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(f"--role {role}: could not read it as JSON: {error}") from error
    actions = definition.get("Actions") if isinstance(definition, dict) else None
    if not isinstance(actions, list) or not all(isinstance(action, str) for action in actions):
        raise UsageError(
            f"--role {role}: there is no list of Actions. `azml-audit permissions` prints a role definition."
        )
    return frozenset(actions)


def emulate(
    tenant: Tenant,
    *,
    faults: Sequence[str],
    port: int,
    latency_ms: float,
    jitter_ms: float,
    page_size: int,
    tls_dir: Path | None,
    out: Console,
) -> int:
    """Serve until interrupted, then return 0. Raises UsageError for an unknown fault or a taken port."""
    try:
        injected = [Fault.parse(text) for text in faults]
    except ValueError as error:
        raise UsageError(f"--fault: {error}") from error
    try:
        serve(
            tenant,
            ready=lambda emulator: print_lines(out, _ready(emulator, tls_dir)),
            faults=injected,
            latency_ms=latency_ms,
            jitter_ms=jitter_ms,
            page_size=page_size,
            port=port,
            tls_dir=tls_dir,
        )
    except OSError as error:
        raise UsageError(f"The emulator cannot listen: {error}. Choose another --port.") from error
    return 0


def _ready(emulator: Emulator, tls_dir: Path | None) -> str:
    lines = [f"Listening on {emulator.url} (an emulator, not Azure). Stop it with Ctrl-C."]
    if tls_dir is None:
        return "\n".join([*lines, "It issues tokens over TLS only. To scan it, add --tls-dir."])
    lines += [
        "To scan it from another terminal:",
        f"  export AZURE_TENANT_ID={emulator.tenant.tenant_id} AZURE_CLIENT_ID={CLIENT_ID} "
        f"AZURE_CLIENT_SECRET={CLIENT_SECRET}",
        f"  azml-audit scan --auth environment --arm-endpoint {emulator.url} "
        f"--ca-bundle {tls_dir / 'ca.pem'}",
    ]
    return "\n".join(lines)
