"""Shared parts of the checks of scenarios: the scenarios that a policy requires, and the texts of the answers.

The hosts and endpoints are those of the section "List of scenario specific outbound rules" of
"Workspace managed virtual network isolation", read 2026-11.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from checks.contract.isolation import effective_mode, is_active, is_on
from checks.families import pages
from checks.frames import pd
from checks.model import Answers, Params, answer

Scenario = Literal["python-packages", "vs-code", "batch", "prompt-flow", "hugging-face", "selected-addresses"]

SCENARIOS = f"{pages.MANAGED_NETWORK}#list-of-scenario-specific-outbound-rules"
UNSETTLED = (
    "Isolation is off and the customer's own network decides, a rule denies what another allows, or the "
    "isolation mode, the network's status or the outbound rules were not reported in full, or have an undocumented "
    "word."
)

NOT_BUILT = "The managed network is not provisioned yet, so no rule is in force."


class RequiredScenarios(Params):
    """The scenarios that have to work."""

    required: tuple[Scenario, ...] = Field(
        default=(), description="Scenarios that have to work; a scenario that is not named is not judged."
    )


def set_aside(workspaces: pd.DataFrame) -> Answers:
    """The answers where the policy does not require the scenario: nothing is looked at."""
    no = pd.Series(data=False, index=workspaces.index, dtype="boolean")
    return answer(
        known=no,
        passed=no,
        applies=no,
        observed="not asked",
        expected="",
        failed="",
        not_applicable="The policy does not require this scenario.",
    )


def may_be_built(workspaces: pd.DataFrame) -> pd.Series:
    """Return for each workspace False if its managed network is on and not provisioned. `<NA>` if that is not known."""
    return ~(is_on(effective_mode(workspaces)) & ~is_active(workspaces))


def seen(reached: pd.Series, missing: pd.Series) -> pd.Series:
    """Return for each workspace what the report shows: what is not reachable, and `<NA>` if that is not settled."""
    return ("not reachable: " + missing).mask(missing.eq(""), "all reachable").where(reached.notna())
