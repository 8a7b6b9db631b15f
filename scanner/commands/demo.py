"""`azml-audit demo`: a scan of the demo tenant, which the embedded emulator serves."""

from __future__ import annotations

from dataclasses import replace

from scanner.azure.clouds import DEMO, Cloud
from scanner.commands.connections import Connection
from scanner.commands.job import Job
from scanner.commands.scan import scan
from scanner.emulator.credential import EmulatorCredential
from scanner.emulator.demo.changed import changed_tenant
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.server import Emulator, emulated
from scanner.emulator.tenants.tenant import Tenant
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
        source=DEMO,
        is_azure=False,
    )


def demo(job: Job, terminal: Terminal, *, with_drift: bool = False) -> int:
    """Audit the demo tenant with the code of `scan`. Return 0, whatever the verdict.

    With drift, audit it first into a folder beside the report, and then a changed tenant with that report as baseline.
    """
    shown = replace(job, is_demonstration=True)
    if with_drift:
        folder = job.output.with_name(f"{job.output.name}-before")
        before = Job(output=folder, policies=job.policies, is_demonstration=True, quiet=True)
        _audited(demo_tenant(), before, terminal)
        shown = replace(shown, baseline=str(folder))
    _audited(changed_tenant() if with_drift else demo_tenant(), shown, terminal)
    return 0


def _audited(tenant: Tenant, job: Job, terminal: Terminal) -> None:
    with emulated(tenant) as emulator:
        scan(job, lambda: emulator_connection(emulator), terminal)
