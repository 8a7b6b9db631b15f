"""Each printed text is read by a parser, and compared with what az, Bicep's types and the providers know."""

from __future__ import annotations

import json
import os
import subprocess
from importlib.metadata import version

import pytest

from checks.model import Check
from checks.registry import BUILT_IN
from tests.support.fixes.applying import declared
from tests.support.fixes.cases import Case, cases, filled, start
from tests.support.fixes.commands import az_arguments
from tests.support.fixes.commands.alternatives import alternatives
from tests.support.fixes.commands.command_lines import command_line
from tests.support.fixes.commands.printed_commands import printed_commands
from tests.support.fixes.sources import AI_ML
from tests.support.fixes.templates import provider_arguments
from tests.support.fixes.world.arm_world import ArmWorld
from tests.support.places import ROOT

IDS = [check.id for check in BUILT_IN]
PARSER = ROOT / "tests" / "support" / "fixes" / "commands" / "azure_cli_parser.py"


def resources(check: Check) -> list[Case]:
    return list({frozenset(filled(case).items()): case for case in cases(check.id)}.values())


@pytest.mark.parametrize("check", BUILT_IN, ids=IDS)
def test_az_knows_every_option(check: Check) -> None:
    for words in printed_commands(check):
        assert az_arguments.problems(command_line(words, ROOT)) == [], words


@pytest.mark.slow
def test_azure_cli_parses_every_core_command() -> None:
    python = os.environ.get("AZURE_CLI_PYTHON")
    if not python:
        pytest.skip("azure-cli is large: install it elsewhere and set AZURE_CLI_PYTHON to its Python")
    core = [words for check in BUILT_IN for words in printed_commands(check) if words[0] != "ml"]
    done = subprocess.run(
        [python, "-W", "ignore", str(PARSER)],
        input=json.dumps(core),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize("check", BUILT_IN, ids=IDS)
def test_the_types_allow_what_bicep_declares(check: Check) -> None:
    for case in resources(check):
        for text in alternatives(filled(case)["bicep"]):
            made = declared(case, "bicep", text, ArmWorld(start(case)).bodies())
            assert [problem for each in made for problem in each.problems()] == []


@pytest.mark.parametrize("check", BUILT_IN, ids=IDS)
def test_the_types_allow_what_azapi_declares(check: Check) -> None:
    for case in resources(check):
        for text in alternatives(filled(case)["terraform"]):
            made = declared(case, "terraform", text, ArmWorld(start(case)).bodies())
            assert [problem for each in made for problem in each.problems()] == []


@pytest.mark.parametrize("check", BUILT_IN, ids=IDS)
def test_the_providers_know_every_argument(check: Check) -> None:
    for case in resources(check):
        for text in alternatives(filled(case)["terraform"]):
            assert provider_arguments.problems(text) == []
            assert provider_arguments.replaced_names(text) == []


def test_the_page_names_the_installed_azure_ai_ml() -> None:
    assert version("azure-ai-ml") == AI_ML
