"""Which fixes can be undone: one answer for the page, the ranking and the script, also for checks of a plug-in."""

import pytest

from checks.fixes.effects import can_be_undone
from checks.model import Remediation
from checks.registry import registry


def fix(az: str = "", caution: str = "") -> Remediation:
    return Remediation(summary="Repair it.", az=az, caution=caution)


@pytest.mark.parametrize(
    "remediation",
    [
        fix("az group delete --name x"),
        fix("az ml workspace update --ids x --managed-network allow_internet_outbound"),
        fix("az rest --method delete --url x"),
        fix("az storage account update --ids x", "The encryption scope cannot be switched off again."),
        fix("az keyvault update --ids x", "The change is irreversible."),
        fix("# 1. Warning: Azure cannot restore the key.\naz keyvault key rotate --id x"),
        fix("# Either it is on:\naz resource update --ids x\n# Or it is off:\n# az resource delete --ids x"),
        fix("", "Azure cannot undo it."),
    ],
    ids=lambda each: each.az or each.caution,
)
def test_a_fix_with_a_step_that_is_final_cannot_be_undone(remediation: Remediation) -> None:
    assert not can_be_undone(remediation)


@pytest.mark.parametrize(
    "remediation",
    [
        fix("az ml workspace update --ids x --public-network-access Disabled", "Clients fail at once."),
        fix("az resource update --ids x", "Create the deployment again if it fails."),
        fix("", "Jobs stop until the network is there."),
    ],
    ids=lambda each: each.az or each.caution,
)
def test_a_fix_that_a_second_command_reverts_can_be_undone(remediation: Remediation) -> None:
    assert can_be_undone(remediation)


def test_the_built_in_fixes_that_cannot_be_undone_are_known() -> None:
    final = {id for id, check in registry().items() if not can_be_undone(check.remediation)}
    assert final == {
        *(f"CMP00{number}" for number in range(1, 10)),
        *(
            "END003",
            "MVN001",
            "MVN002",
            "NET006",
            "END005",
            "PEP002",
            "PEP003",
            "PEP005",
            "RES011",
            "RES014",
            "SEC002",
            "SEC003",
        ),
    }
