"""`azml-audit emulator`: the emulator in the foreground, for anyone who wants to try things."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from scanner.choices import TenantName
from scanner.emulator.credential import CLIENT_ID, CLIENT_SECRET
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.faults import Fault
from scanner.emulator.foreground import serve
from scanner.emulator.server import Emulator
from scanner.emulator.tenants.generated import generated_tenant
from scanner.emulator.tenants.tenant import Tenant
from scanner.errors import UsageError


def tenant_named(name: TenantName, *, subscriptions: int, workspaces: int, rules: int, seed: int) -> Tenant:
    """The demo tenant, or a generated one of that size."""
    if name is TenantName.DEMO:
        return demo_tenant()
    return generated_tenant(subscriptions=subscriptions, workspaces=workspaces, rules=rules, seed=seed)


def actions_of(role: Path) -> frozenset[str]:
    """The actions of a role definition, as `azml-audit permissions` prints it. Raises UsageError."""
    try:
        definition = json.loads(role.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(f"--role {role}: cannot be read as JSON: {error}") from error
    actions = definition.get("Actions") if isinstance(definition, dict) else None
    if not isinstance(actions, list) or not all(isinstance(action, str) for action in actions):
        raise UsageError(
            f"--role {role}: no list of Actions in it; `azml-audit permissions` prints such a file."
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
    """Serve until interrupted; 0. Raises UsageError for a fault nobody knows or a port that is taken."""
    try:
        serve(
            tenant,
            ready=lambda emulator: out.print(Text(_ready(emulator, tls_dir)), soft_wrap=True),
            faults=[Fault.parse(text) for text in faults],
            latency_ms=latency_ms,
            jitter_ms=jitter_ms,
            page_size=page_size,
            port=port,
            tls_dir=tls_dir,
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
    except OSError as error:
        raise UsageError(f"The emulator cannot listen: {error}. Choose another --port.") from error
    return 0


def _ready(emulator: Emulator, tls_dir: Path | None) -> str:
    lines = [f"Listening on {emulator.url} (an emulator, not Azure). Stop it with Ctrl-C."]
    if tls_dir is None:
        return "\n".join([*lines, "Tokens are handed out over TLS only: add --tls-dir to scan it."])
    lines += [
        "To scan it from another terminal:",
        f"  export AZURE_TENANT_ID={emulator.tenant.tenant_id} AZURE_CLIENT_ID={CLIENT_ID} "
        f"AZURE_CLIENT_SECRET={CLIENT_SECRET}",
        f"  azml-audit scan --auth environment --arm-endpoint {emulator.url} "
        f"--ca-bundle {tls_dir / 'ca.pem'}",
    ]
    return "\n".join(lines)
