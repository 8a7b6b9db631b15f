"""The proof refuses what Azure refuses, and finds fixes that lose settings, open something or do nothing."""

from __future__ import annotations

import pytest

from checks.registry import BUILT_IN
from reports.literals import texts
from scanner.emulator.demo.tenant import demo_tenant
from tests.support.fixes.applying import Applied
from tests.support.fixes.cases import Case, cases
from tests.support.fixes.commands.alternatives import alternatives, labelled
from tests.support.fixes.commands.repeated_steps import repeated
from tests.support.fixes.conditions import CHOICES, FACTS, applicable
from tests.support.fixes.documentation import NOT_PROVEN, cell
from tests.support.fixes.effect import Effect, effects
from tests.support.fixes.templates.resource_types import resource_types
from tests.support.fixes.templates.terraform import declared_in_terraform
from tests.support.fixes.world.arm_world import ArmWorld
from tests.support.fixes.world.writes import Refused

COMPUTES = "Microsoft.MachineLearningServices/workspaces/computes@2025-12-01"


def case_of(check_id: str, name: str) -> Case:
    return next(case for case in cases(check_id) if case.name.endswith(name))


def effect_of(case: Case, text: str, language: str = "az") -> Effect:
    return effects([(case, language, text)])[0]


def workspace_id(name: str) -> str:
    return next(each.id for each in demo_tenant().resources if each.id.endswith(f"/workspaces/{name}"))


def patch(resource_id: str, body: str) -> str:
    return (
        f"az rest --method patch --url {resource_id} --url-parameters api-version=2025-12-01 --body '{body}'"
    )


def test_a_patch_with_a_member_outside_the_contract_is_refused() -> None:
    world = ArmWorld(demo_tenant())
    with pytest.raises(Refused, match="allowPublicAccessWhenBehindVnet"):
        world.send(
            "PATCH",
            workspace_id("mlw-churn-2021"),
            {"properties": {"allowPublicAccessWhenBehindVnet": False}},
        )


def test_isolation_is_refused_while_computes_exist() -> None:
    world = ArmWorld(demo_tenant())
    body = {"properties": {"managedNetwork": {"isolationMode": "AllowInternetOutbound"}}}
    with pytest.raises(Refused, match="gpu-open"):
        world.send("PATCH", workspace_id("mlw-sandbox-01"), body)


def test_an_existing_compute_does_not_change() -> None:
    world = ArmWorld(demo_tenant())
    path = f"{workspace_id('mlw-sandbox-01')}/computes/gpu-open"
    body = {"properties": {"computeType": "AmlCompute", "properties": {"enableNodePublicIp": False}}}
    with pytest.raises(Refused, match="enableNodePublicIp"):
        world.send("PUT", path, body)


@pytest.mark.slow
def test_a_fix_that_does_nothing_is_found() -> None:
    case = case_of("NET001", "mlw-sandbox-01")
    found = effect_of(case, f"az rest --url {case.resource_id} --url-parameters api-version=2025-12-01")
    assert "the text changes nothing" in found.problems
    assert "NET001 is fail afterwards" in found.problems


@pytest.mark.slow
def test_a_fix_that_loses_a_setting_is_found() -> None:
    case = case_of("OBR007", "wide-tag")
    text = (
        f"az rest --method put --url {case.resource_id} --url-parameters api-version=2025-12-01 --body "
        '\'{"properties": {"type": "ServiceTag", "destination": {"serviceTag": "AzureMonitor", '
        '"protocol": "TCP"}}}\''
    )
    assert "outboundrules/wide-tag loses destination.portRanges" in effect_of(case, text).problems


@pytest.mark.slow
def test_a_fix_that_opens_something_else_is_found() -> None:
    case = case_of("SEC004", "mlw-batch-prod")
    found = effect_of(case, patch(case.resource_id, '{"properties": {"publicNetworkAccess": "Enabled"}}'))
    assert "NET001 of workspaces/mlw-batch-prod was pass and fails now" in found.problems


@pytest.mark.slow
def test_a_check_that_did_not_apply_before_and_fails_now_is_found() -> None:
    case = case_of("NET001", "mlw-sandbox-01")
    found = effect_of(case, patch(case.resource_id, '{"properties": {"publicNetworkAccess": "Disabled"}}'))
    assert "END002 of onlineendpoints/try-me was not-applicable and fails now" in found.problems


@pytest.mark.slow
def test_a_waiver_that_the_text_prints_counts() -> None:
    case = case_of("SCN001", "mlw-batch-prod")
    (text,) = [text for text in applicable(case, "az") if "OBR012" in text]
    printed = effect_of(case, text)
    silent = effect_of(case, "\n".join(line for line in text.splitlines() if "OBR012" not in line))
    assert printed.problems == ()
    assert "OBR012 of workspaces/mlw-batch-prod was pass and fails now" in silent.problems


@pytest.mark.slow
def test_a_command_that_fails_is_found() -> None:
    case = case_of("NET001", "mlw-sandbox-01")
    assert "404 ResourceNotFound" in effect_of(case, patch(f"{case.resource_id}-not", "{}")).problems[0]


@pytest.mark.slow
def test_a_variable_without_a_value_is_found() -> None:
    case = case_of("NET001", "mlw-sandbox-01")
    assert "unbound variable" in effect_of(case, 'az rest --url "$NOBODY_SETS_THIS"').problems[0]


@pytest.mark.slow
def test_a_public_compute_that_a_fix_creates_is_found() -> None:
    case = case_of("CMP007", "gpu-open")
    text = (
        f"az rest --method put --url {case.workspace_id}/computes/new --url-parameters api-version=2025-12-01 "
        '--body \'{"properties": {"computeType": "AmlCompute", "disableLocalAuth": true, '
        '"properties": {"vmSize": "STANDARD_DS3_V2"}}}\''
    )
    assert "CMP001 of computes/new was absent and fails now" in effect_of(case, text).problems


@pytest.mark.parametrize(
    ("properties", "problem"),
    [
        ({"computeType": "AmlCompute", "colour": "blue"}, "properties.colour is unknown"),
        (
            {"computeType": "AmlCompute", "provisioningState": "Succeeded"},
            "properties.provisioningState is read-only",
        ),
        ({"computeType": "Abacus"}, "properties.computeType is 'Abacus'"),
        (
            {"computeType": "AmlCompute", "properties": {"enableNodePublicIp": "no"}},
            "properties.properties.enableNodePublicIp is not of type bool",
        ),
    ],
)
def test_the_types_refuse_a_wrong_body(properties: dict[str, object], problem: str) -> None:
    found = resource_types().problems(COMPUTES, {"location": "westeurope", "properties": properties})
    assert [each for each in found if each.startswith(problem)]


def test_the_types_refuse_a_body_without_what_is_required() -> None:
    body = {"properties": {"sku": {"family": "A", "name": "standard"}}}
    found = resource_types().problems("Microsoft.KeyVault/vaults@2023-07-01", body)
    assert found == ["location is missing", "properties.tenantId is missing"]


def test_each_alternative_takes_the_place_of_the_first() -> None:
    text = (
        "# NAME: a name\n# Either this:\naz one\n# Or that:\n# # 1. First.\n# az two\n# Or more:\n# az three"
    )
    assert alternatives(text) == [text, "# NAME: a name\n# 1. First.\naz two", "# NAME: a name\naz three"]


def test_steps_are_repeated_for_each_thing_and_what_is_absent_is_left_out() -> None:
    text = (
        "# 1. List. Repeat steps 2 to 2, and later 4 to 4, for each compute. "
        "Leave out what the workspace does not have.\nlist\n"
        '# 2. Delete.\nif [ -s "$COMPUTE" ] && [ -s "$ENDPOINT" ]; then delete "$COMPUTE"; fi\n'
        '# 3. Switch.\nswitch\n# 4. Create.\ncreate "$COMPUTE"\ncreate "$ENDPOINT"'
    )
    lines = repeated(text, [{"COMPUTE": "a"}, {"COMPUTE": "b"}]).splitlines()
    assert [line for line in lines if line[0] != "#" and "=" not in line] == [
        "list",
        *['if [ -s "$COMPUTE" ]; then delete "$COMPUTE"; fi'] * 2,
        "switch",
        *['create "$COMPUTE"'] * 2,
    ]


def test_terraform_is_evaluated() -> None:
    text = (
        'resource "azapi_update_resource" "x" {\n  type = "A.B/c@2025"\n  resource_id = "/x/${var.name}"\n  body = {\n'
        '    rules = [for a in var.list : { value = a }]\n    mode = var.name == "n" ? "yes" : "no"\n  }\n}\n'
    )
    made = declared_in_terraform(text, {"name": "n", "list": ["1", "2"]})[0]
    assert (made.id, made.body) == ("/x/n", {"rules": [{"value": "1"}, {"value": "2"}], "mode": "yes"})


def effect(case: Case, *problems: str) -> Effect:
    done = Applied(case=case, language="az", text="", world=ArmWorld(demo_tenant()), before={})
    return Effect(case=case, applied=done, verdict="pass", is_new=False, problems=problems)


def test_the_proof_of_one_resource_does_not_count_for_another() -> None:
    first, *others = cases("NET002")
    every = len(others) + 1
    assert cell("NET002", "az", [effect(each) for each in (first, *others)]) == (
        f"effect proven, {every} of {every}"
    )
    assert cell("NET002", "az", [effect(first, "fails"), *map(effect, others)]) == NOT_PROVEN
    assert cell("NET002", "az", [effect(each) for each in others]) == NOT_PROVEN
    assert cell("NET002", "bicep", [effect(each) for each in others]) == (
        f"effect proven, {every - 1} of {every}, 1 by the az steps"
    )


def test_every_label_is_a_fact_or_a_choice() -> None:
    found = {
        label
        for check in BUILT_IN
        for text in texts(check.remediation).values()
        for label, _ in labelled(text)
        if label
    }
    assert found == set(FACTS) | CHOICES
    assert not set(FACTS) & CHOICES
