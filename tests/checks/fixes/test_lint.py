"""What every printed fix obeys, in every language."""

from __future__ import annotations

import json
import re
import subprocess
from itertools import pairwise

import jmespath
import pytest

from checks.fixes.names import NAMES
from checks.fixes.steps import WARNING, camel
from checks.fixes.templates import OWN_TEMPLATE
from checks.model import Check
from checks.registry import BUILT_IN
from tests.support.fix_lines import COMMENT, Command, commands, filled

LANGUAGES = ("az", "bicep", "terraform")
EACH = pytest.mark.parametrize("check", BUILT_IN, ids=lambda check: check.id)
IN_EACH = pytest.mark.parametrize("language", LANGUAGES)

_NUMBERED = re.compile(r"^# \d+\. ")
_ORDERED = re.compile(r"^# \d+\. |^# In any order:")
_ALTERNATIVE = {name: re.compile(rf"^{mark} Or,? .*:$") for name, mark in COMMENT.items()}

FORCE_NEW = {
    "azurerm_machine_learning_workspace": (
        *("application_insights_id", "key_vault_id", "storage_account_id", "container_registry_id"),
        *("encryption", "high_business_impact", "service_side_encryption_enabled"),
    ),
    "azapi_resource": ("enableNodePublicIp", "disableLocalAuth", "computeLocation"),
}
"""Arguments that the provider, or Azure, takes only at creation: azurerm 5.2.0 (69697b7f), and those of a compute."""


def text_of(check: Check, language: str) -> str:
    return str(getattr(check.remediation, language))


def changing(check: Check) -> list[Command]:
    return [each for each in commands(text_of(check, "az")) if each.changes]


@EACH
def test_two_commands_that_change_something_are_in_order_or_exclude_each_other(check: Check) -> None:
    found = changing(check)
    if len(found) > 1:
        loose = [each.line for each in found if not _ORDERED.search(each.before) and not each.test]
        assert not loose, loose


@EACH
@IN_EACH
def test_all_but_the_first_alternative_are_comments(check: Check, language: str) -> None:
    lines = text_of(check, language).splitlines()
    for line, following in pairwise([*lines, ""]):
        if _ALTERNATIVE[language].match(line):
            assert following.startswith(COMMENT[language]), line
    assert not any(re.match(rf"^{COMMENT[language]} or:", line) for line in lines)


@EACH
def test_a_step_that_destroys_or_is_one_way_is_preceded_by_its_warning(check: Check) -> None:
    for each in commands(text_of(check, "az")):
        if each.changes and each.destroys and "online-deployment" not in each.line:
            assert WARNING in each.before or "{{" in each.before, f"{each.line} after {each.before!r}"


@EACH
@pytest.mark.parametrize("language", ["bicep", "terraform"])
def test_a_template_that_is_one_way_has_the_warning(check: Check, language: str) -> None:
    text = text_of(check, language)
    if re.search(r"isolationMode|enablePurgeProtection|\"DELETE\"", text):
        assert WARNING in text


@EACH
def test_every_name_that_the_user_sets_is_explained(check: Check) -> None:
    az = text_of(check, "az")
    for name in set(re.findall(r"\$\{?([A-Z_]+)", az)):
        assert f"# {name}: " in az or f"\n{name}=" in f"\n{az}", name
    terraform = text_of(check, "terraform")
    for name in set(re.findall(r"\bvar\.(\w+)", terraform)):
        assert f'variable "{name}" {{' in terraform, name
    bicep = re.sub(r"//.*", "", text_of(check, "bicep"))
    declared = re.findall(r"^(?:param|var|resource) (\w+)|= \[for \(?(\w+)", bicep, re.MULTILINE)
    declared = [one or other for one, other in declared]
    assert len(declared) == len(set(declared))
    for name in map(camel, NAMES):
        if re.search(rf": {name}$|\$\{{{name}\}}", bicep, re.MULTILINE):
            assert name in declared, name


def test_every_explained_name_is_used_and_described_once() -> None:
    texts = "".join(text_of(check, language) for check in BUILT_IN for language in LANGUAGES)
    code = " ".join(part for check in BUILT_IN for part in check.remediation.marked)
    texts += " ".join(f"param {name} " for name in re.findall(r"\w+", code))
    unused = [
        name
        for name in NAMES
        if f"${name.upper()}" not in texts
        and f"var.{name}" not in texts
        and f"param {camel(name)} " not in texts
    ]
    assert unused == []


@EACH
@IN_EACH
def test_nothing_is_left_to_fill_in(check: Check, language: str) -> None:
    assert "{{" not in filled(check.remediation)[language]
    assert "{{" not in check.remediation.summary + check.remediation.caution


@EACH
def test_arguments_of_creation_never_touch_the_existing_name(check: Check) -> None:
    fix = check.remediation
    for kind, block in _resources(fix.terraform):
        used = [name for name in FORCE_NEW.get(kind, ()) if re.search(rf"\b{name}\b", block)]
        if used:
            assert re.search(r"^  name +=", block, re.MULTILINE), block
            assert not re.search(r"^  name += \{\{", block, re.MULTILINE), used
            assert "replace" in fix.caution.lower(), used


def _resources(terraform: str) -> list[tuple[str, str]]:
    return re.findall(r'^resource "(\w+)" "\w+" (\{.*?^\})', terraform, re.MULTILINE | re.DOTALL)


@EACH
def test_a_resource_that_exists_is_only_written_by_lines_for_the_own_template(check: Check) -> None:
    bicep = check.remediation.bicep
    whole = {"outboundRules", "diagnosticSettings"}
    for type_, body in re.findall(
        r"^resource \w+ '([^@]+)@[^']+' = (\{.*?^\})", bicep, re.MULTILINE | re.DOTALL
    ):
        named = re.search(r"^  name: (.*)$", body, re.MULTILINE)
        if named and named[1].startswith("{{") and type_.rpartition("/")[2] not in whole:
            assert OWN_TEMPLATE in bicep
    for label in re.findall(rf"{OWN_TEMPLATE}(.*)", bicep + check.remediation.terraform):
        assert re.search(r"go into the resource that creates|beside the resource that creates", label)


@EACH
def test_commands_that_azure_does_not_have_are_not_printed(check: Check) -> None:
    az = check.remediation.az
    assert "az ml workspace network-rule" not in az
    assert "firewall_sku" not in az
    for line in az.splitlines():
        assert not ("az ml workspace update" in line and "--managed-network" in line)
        assert not ("az ml workspace update" in line and "--set" in line)


@EACH
def test_the_shell_reads_the_text(check: Check) -> None:
    text = filled(check.remediation)["az"]
    done = subprocess.run(["bash", "-n", "-c", text], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@EACH
def test_lists_and_json_are_quoted_for_the_shell(check: Check) -> None:
    for each in commands(filled(check.remediation)["az"]):
        bare = re.sub(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"", "", each.line)
        assert not set(bare) & set("[]{}*?"), each.line


@EACH
def test_bodies_are_json_and_queries_are_jmespath(check: Check) -> None:
    for each in commands(filled(check.remediation)["az"]):
        words = each.words
        if "--body" in words and not (body := words[words.index("--body") + 1]).startswith("@"):
            assert isinstance(json.loads(body), dict)
        if "--query" in words:
            jmespath.compile(words[words.index("--query") + 1])


@EACH
def test_steps_are_numbered_without_a_gap(check: Check) -> None:
    numbers = [
        int(line.split(".")[0][2:]) for line in check.remediation.az.splitlines() if _NUMBERED.match(line)
    ]
    assert numbers == list(range(1, len(numbers) + 1))


@EACH
@IN_EACH
def test_a_private_endpoint_to_a_workspace_comes_with_its_dns_zones(check: Check, language: str) -> None:
    text = text_of(check, language)
    if (
        re.search(r"private-endpoint create|privateEndpoints@|\"azurerm_private_endpoint\"", text)
        and "amlworkspace" in text
    ):
        for zone in ("privatelink.api.azureml.ms", "privatelink.notebooks.azure.net"):
            assert zone in text
