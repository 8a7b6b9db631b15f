"""`azml-audit schema` and `azml-audit emulator`: for programs that read reports, and for tests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from scanner.choices import TenantName
from scanner.cli.command import command
from scanner.cli.options import Texts, options

if TYPE_CHECKING:
    from scanner.terminal import Terminal

_tenant = options("Tenant")
_server = options("Server")


@dataclass(frozen=True, kw_only=True)
class Emulated:
    """The tenant that the emulator serves."""

    tenant: Annotated[TenantName, _tenant("--tenant", "NAME", "demo or generated.", choices=TenantName)] = (
        TenantName.DEMO
    )
    subscriptions: Annotated[
        int, _tenant("--subscriptions", "N", "Generated tenant: subscriptions.", min=0)
    ] = 10
    workspaces: Annotated[
        int, _tenant("--workspaces", "N", "Generated tenant: workspaces per subscription.", min=0)
    ] = 10
    rules: Annotated[
        int, _tenant("--rules", "N", "Generated tenant: outbound rules per workspace.", min=0)
    ] = 12
    seed: Annotated[int, _tenant("--seed", "N", "Generated tenant: equal seeds give equal tenants.")] = 0


@dataclass(frozen=True, kw_only=True)
class Server:
    """The way the emulator answers."""

    port: Annotated[int, _server("--port", "PORT", "0 takes a free port.", min=0, max=65535)] = 0
    tls_dir: Annotated[
        Path | None,
        _server("--tls-dir", "DIR", "Serve TLS, and write the authority to trust to DIR/ca.pem."),
    ] = None
    latency_ms: Annotated[float, _server("--latency-ms", "MS", "The time that each answer takes.", min=0)] = 0
    jitter_ms: Annotated[float, _server("--jitter-ms", "MS", "The most that this time varies.", min=0)] = 0
    page_size: Annotated[int, _server("--page-size", "N", "Items on a page.", min=1)] = 50
    role: Annotated[
        Path | None,
        _server("--role", "FILE", "Allow only the Actions of this role definition. [default: everything]"),
    ] = None
    token_seconds: Annotated[
        int | None,
        _server(
            *("--token-seconds", "N", "The lifetime of a token. If not given, a token never expires."), min=1
        ),
    ] = None
    fault: Annotated[
        Texts,
        _server(
            *("--fault", "KEY=VALUE,…"),
            "A fault to inject, such as kind=reset,route=outboundRules. Repeatable.",
        ),
    ] = None


@command(
    examples=[
        "emulator --tls-dir tls",
        "emulator --tenant generated --subscriptions 100 --tls-dir tls",
        "emulator --fault kind=status,route=workspaces,status=403,times=3",
    ]
)
def emulator(terminal: Terminal, emulated: Emulated, server: Server) -> int:
    """Serve an emulated Azure Resource Manager for tests.

    It runs on this machine until it is interrupted. It is not Azure.
    """
    from scanner.commands.emulator import actions_of, emulate, tenant_named

    tenant = tenant_named(
        emulated.tenant,
        subscriptions=emulated.subscriptions,
        workspaces=emulated.workspaces,
        rules=emulated.rules,
        seed=emulated.seed,
    )
    allowed = actions_of(server.role) if server.role else None
    return emulate(
        replace(tenant, allowed_actions=allowed, token_seconds=server.token_seconds),
        faults=server.fault or (),
        port=server.port,
        latency_ms=server.latency_ms,
        jitter_ms=server.jitter_ms,
        page_size=server.page_size,
        tls_dir=server.tls_dir,
        out=terminal.out,
    )


@command("json", examples=["schema json > report.schema.json"])
def json_schema(terminal: Terminal) -> int:
    """Print the JSON Schema of report.json."""
    from scanner.commands.schema import show_report_schema

    return show_report_schema(terminal.out)


@command("drift", examples=["schema drift > drift.schema.json"])
def drift_schema(terminal: Terminal) -> int:
    """Print the JSON Schema of drift.json."""
    from scanner.commands.schema import show_drift_schema

    return show_drift_schema(terminal.out)


@command("evidence", examples=["schema evidence > statement.schema.json"])
def evidence_schema(terminal: Terminal) -> int:
    """Print the JSON Schema of a bundle's statement.json."""
    from scanner.commands.schema import show_statement_schema

    return show_statement_schema(terminal.out)


SCHEMAS = (json_schema, drift_schema, evidence_schema)
