"""The time budget of a scan: past it nothing is waited for, and what is missing is a gap that says so."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web
from typer.testing import CliRunner

from scanner.azure.arm import Arm
from scanner.azure.pipeline import Patience
from scanner.cli.main import app
from scanner.commands.demo import emulator_connection
from scanner.commands.gathering import now
from scanner.commands.job import Job
from scanner.commands.scan import scan
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.server import emulated
from scanner.emulator.tenants.generated import generated_tenant
from scanner.errors import CredentialError
from scanner.payloads.payload import Gap, Payload
from scanner.terminal import Terminal
from tests.scanner.azure.test_throttling import arm_before, ask
from tests.support.scanning import IMPATIENT, scanned

TENANT = generated_tenant(subscriptions=3, workspaces=2, rules=2, seed=5)
SLOW = Fault(
    kind=FaultKind.LATENCY, seconds=3600.0, subscription=str(TENANT.subscriptions[1]["subscriptionId"])
)


def test_what_was_in_flight_at_the_deadline_is_a_gap_each_and_the_rest_is_there() -> None:
    with emulated(TENANT, faults=[SLOW]) as emulator:
        tables, _ = scanned(emulator, patience=replace(IMPATIENT, read_timeout=3600.0, deadline=1.5))
    assert len(tables.workspaces) == 4
    assert tables.gaps["code"].tolist() == ["DeadlinePassed"]
    assert tables.gaps["subscription_id"].tolist() == [SLOW.subscription]
    assert "--resume" in tables.gaps["closes"].iloc[0]


def test_nothing_is_sent_past_the_deadline() -> None:
    with emulated(TENANT) as emulator:
        tables, payloads = scanned(emulator, patience=replace(IMPATIENT, deadline=0.0))
        assert emulator.requests == []
    assert payloads == []
    assert set(tables.gaps["code"]) == {"DeadlinePassed"}


def test_a_wait_that_azure_asked_for_ends_at_the_deadline() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        if "/busy/" in request.path:
            return web.json_response({}, status=429, headers={"Retry-After": "200"})
        return web.json_response({})

    async def run() -> tuple[Payload | Gap, Payload | Gap]:
        async with arm_before(handler, Patience(deadline=1.0)) as arm:
            return await asyncio.gather(arm.get(ask(arm, "busy", 1)), arm.get(ask(arm, "idle", 1)))

    busy, idle = asyncio.run(run())
    assert isinstance(idle, Payload)
    assert isinstance(busy, Gap)
    assert busy.code == "DeadlinePassed"


def test_the_report_is_written_and_the_run_is_incomplete(tmp_path: Path) -> None:
    job = Job(
        output=tmp_path / "report",
        policies=["internet-outbound"],
        patience=replace(IMPATIENT, read_timeout=3600.0, deadline=1.0),
        quiet=True,
    )
    with emulated(
        generated_tenant(subscriptions=1, workspaces=0, rules=0, seed=1),
        faults=[replace(SLOW, subscription=None)],
    ) as emulator:
        code = scan(job, lambda: emulator_connection(emulator), Terminal(), clock=now)
    assert code == 3
    assert "DeadlinePassed" in (tmp_path / "report" / "gaps.csv").read_text("utf-8")


def test_signing_in_that_takes_longer_is_an_error_that_names_the_option() -> None:
    class Slow:
        async def get_token_info(self, *scopes: str, options: object = None) -> None:
            await asyncio.sleep(3600)

        async def close(self) -> None:
            pass

    async def run() -> None:
        with emulated(TENANT) as emulator:
            cloud = emulator_connection(emulator).cloud
            async with Arm(cloud, Slow(), clock=now, patience=Patience(deadline=0.05)):  # type: ignore[arg-type]
                pass

    with pytest.raises(CredentialError, match="--deadline"):
        asyncio.run(run())


def test_a_cloud_that_does_not_say_what_it_is_in_time_is_an_error_that_names_the_option(
    tmp_path: Path,
) -> None:
    silent = Fault(kind=FaultKind.LATENCY, seconds=3600.0, route="metadata")
    with emulated(TENANT, faults=[silent]) as emulator:
        arguments = ["scan", "--arm-endpoint", emulator.url, "--deadline", "1", "-o", str(tmp_path / "r")]
        result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert "within the 1 s of --deadline" in " ".join(result.stderr.split())


def test_what_was_spent_before_is_taken_off() -> None:
    assert Patience().after(10.0).deadline is None
    assert Patience(deadline=30.0).after(10.0).deadline == 20.0
    assert Patience(deadline=5.0).after(10.0).deadline == 0.0
