"""Runs an emulator in the foreground, for the command line."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterable
from pathlib import Path

from scanner.emulator.faults import Fault
from scanner.emulator.server import Emulator
from scanner.emulator.tenants.tenant import Tenant


def serve(
    tenant: Tenant,
    *,
    ready: Callable[[Emulator], None],
    faults: Iterable[Fault] = (),
    latency_ms: float = 0.0,
    jitter_ms: float = 0.0,
    page_size: int = 50,
    port: int = 0,
    tls_dir: Path | None = None,
) -> None:
    """Serve the tenant until SIGINT or SIGTERM. Call this function from the main thread.

    It calls `ready` after it has started to listen. With `tls_dir` it uses TLS, and writes the certificate
    authority to trust to `ca.pem` in that directory before it calls `ready`. Raises OSError if the port is
    taken or the directory cannot be written.
    """
    emulator = Emulator(
        tenant,
        faults=faults,
        latency_ms=latency_ms,
        jitter_ms=jitter_ms,
        page_size=page_size,
        port=port,
        tls=tls_dir is not None,
    )
    asyncio.run(_serve(emulator, ready, tls_dir))


async def _serve(emulator: Emulator, ready: Callable[[Emulator], None], tls_dir: Path | None) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with emulator:
        _write_authority(emulator, tls_dir)
        ready(emulator)
        await stopped.wait()


def _write_authority(emulator: Emulator, tls_dir: Path | None) -> None:
    if tls_dir is not None and emulator.ca_pem is not None:
        tls_dir.mkdir(parents=True, exist_ok=True)
        (tls_dir / "ca.pem").write_bytes(emulator.ca_pem)
