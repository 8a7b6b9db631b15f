"""What nobody expected is the gap of one question or of one subscription, and never the end of the scan."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from aiohttp import web
from azure.core.credentials import AccessTokenInfo, TokenRequestOptions

from scanner.audit import audited, exit_code
from scanner.choices import ExitCode
from scanner.emulator.server import emulated
from scanner.emulator.tenants.generated import generated_tenant
from scanner.payloads.payload import Gap, Payload
from scanner.progress import Silent
from scanner.tables.tabulate import tables
from tests.scanner.azure.test_challenges import Issuer
from tests.scanner.azure.test_throttling import arm_before, ask
from tests.scanner.tables.test_tabulate import WORKSPACE, listed, workspace
from tests.support.faults.matrix import policy
from tests.support.scanning import IMPATIENT, NOON, rows, scanned

TENANT = generated_tenant(subscriptions=3, workspaces=2, rules=1, seed=7)


class Failing(Silent):
    """Raises an error of its own when it hears of the first workspaces."""

    def __init__(self, error: Exception) -> None:
        self._errors = [error]

    def workspaces_found(self, count: int) -> None:
        if self._errors:
            raise self._errors.pop()


@pytest.mark.parametrize(
    "error", [RuntimeError("ours"), MemoryError(), RecursionError("deep"), KeyError("x")]
)
def test_a_surprise_in_one_subscription_costs_that_subscription(error: Exception) -> None:
    with emulated(TENANT) as emulator:
        found, _ = scanned(emulator, progress=Failing(error))
    (gap,) = rows(found.gaps)
    assert (gap["code"], gap["asked"]) == ("InternalError", "workspaces")
    assert type(error).__name__ in gap["message"]
    assert found.subscriptions.set_index("subscription_id")["read"].value_counts().to_dict() == {
        True: 2,
        False: 1,
    }
    assert len(found.workspaces) == 6, "the page that was read stays"
    audit = audited(found, [policy()], source="x", is_azure=False, started_at=NOON, finished_at=NOON)
    assert exit_code(audit) is ExitCode.INTERNAL


def test_an_answer_that_cannot_be_tabulated_is_the_gap_of_its_question() -> None:
    unwritable = {"value": [workspace() | {"tags": {"a": object()}}]}
    spoiled = replace(listed(workspace()), document=unwritable)
    other = listed(workspace() | {"id": f"{WORKSPACE}2"})
    found = tables([spoiled, replace(other, url=f"{other.url}&page=2")])
    (gap,) = rows(found.gaps)
    assert gap["code"] == "UnexpectedAnswer"
    assert gap["request"] == spoiled.ask.request
    assert found.workspaces.index.tolist() == [f"{WORKSPACE}2".lower()]


def test_a_question_that_cannot_be_sent_is_its_own_gap() -> None:
    class Odd(Issuer):
        async def get_token_info(
            self, *scopes: str, options: TokenRequestOptions | None = None
        ) -> AccessTokenInfo:
            if len(self.asked) == 1:
                self.asked.append({})
                raise KeyError("access_token")
            return await super().get_token_info(*scopes, options=options)

    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.json_response({})

    async def run() -> list[Payload | Gap]:
        async with arm_before(handler, IMPATIENT, Odd()) as arm:
            return [await arm.get(ask(arm, "s", number)) for number in range(2)]

    gap, answer = asyncio.run(run())
    assert isinstance(gap, Gap)
    assert (gap.code, "KeyError" in gap.message) == ("UnexpectedAnswer", True)
    assert isinstance(answer, Payload)
