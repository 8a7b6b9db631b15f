"""`azml-audit demo`: a scan of the demo tenant, which the embedded emulator serves."""

from __future__ import annotations

from dataclasses import replace

from scanner.azure.clouds import Cloud
from scanner.commands.connections import Connection
from scanner.commands.gathering import Job
from scanner.commands.scan import scan
from scanner.emulator.credential import EmulatorCredential
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.server import Emulator, emulated
from scanner.terminal import Terminal


def emulator_connection(emulator: Emulator) -> Connection:
    """Return the connection to a running emulator, with the credential that it accepts."""
    cloud = Cloud(
        name="emulator",
        arm_endpoint=emulator.url,
        scope="https://management.azure.com/.default",
        authority=emulator.url,
        is_known=False,
    )
    return Connection(
        cloud=cloud,
        credential=EmulatorCredential(),
        make_credential=EmulatorCredential,
        source="the embedded emulator's demo tenant",
        is_azure=False,
    )


def demo(job: Job, terminal: Terminal) -> int:
    """Audit the demo tenant with the code of `scan`. Return 0, whatever the verdict."""
    with emulated(demo_tenant()) as emulator:
        shown = replace(job, is_demonstration=True)
        scan(shown, lambda: emulator_connection(emulator), terminal)
    return 0
