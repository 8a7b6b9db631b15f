"""Apply one text of a fix to one failing resource, in a tenant of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scanner.emulator.tenants.tenant import Document
from tests.support.fixes.cases import Case, start
from tests.support.fixes.commands.az import Az
from tests.support.fixes.commands.command_lines import CommandLine
from tests.support.fixes.commands.repeated_steps import repeated
from tests.support.fixes.commands.shell import ShellFailed, run_in_bash
from tests.support.fixes.templates.bicep import BicepError, Deployment, declared_in_bicep
from tests.support.fixes.templates.declared import Declared
from tests.support.fixes.templates.terraform import TerraformError, blocks, declared_in_terraform
from tests.support.fixes.values import for_az, for_bicep, host_rules, things_of, values_of
from tests.support.fixes.world.arm_world import ArmWorld
from tests.support.fixes.world.writes import Refused


@dataclass(frozen=True, kw_only=True)
class Applied:
    """One text after it ran. `failure` is why it did not run to its end; "" if it did.

    `before` are the documents before it ran, `lines` the az commands, `declared` the resources of the other languages.
    `text` is the text as it ran.
    """

    case: Case
    language: str
    text: str
    world: ArmWorld
    before: Mapping[str, Document]
    failure: str = ""
    lines: tuple[CommandLine, ...] = ()
    declared: tuple[Declared, ...] = ()


def applied(case: Case, language: str, text: str) -> Applied:
    """Run the text against the resource's part of the demo tenant."""
    world = ArmWorld(start(case))
    before = world.bodies()
    az, failure = Az(world), ""
    resources: tuple[Declared, ...] = ()
    try:
        if language == "az":
            for values in _each(case, text, before):
                run_in_bash(repeated(text, things_of(case, before)), for_az(values), az.run)
        else:
            resources = tuple(declared(case, language, text, before))
            for each in resources:
                each.deploy(world)
    except (ShellFailed, Refused, BicepError, TerraformError, KeyError) as error:
        failure = f"{type(error).__name__}: {error}"
    return Applied(
        case=case,
        language=language,
        text=text,
        world=world,
        before=before,
        failure=failure,
        lines=tuple(az.lines),
        declared=resources,
    )


def _each(case: Case, text: str, bodies: Mapping[str, Document]) -> list[dict[str, Any]]:
    """Return the values for each run of the text: one, or one for each rule if the text is about a rule to replace."""
    values = values_of(case, bodies)
    if "$PERIMETER_RULE" in text:
        wide = [*values["address_rules"], *values["subscription_rules"]]
        return [{**values, "perimeter_rule": rule} for rule in wide]
    if "repeat the steps for each rule" not in case.check.remediation.az or "$OLD_RULE" not in text:
        return [values]
    return [
        {
            **values,
            "old_rule": rule,
            "rule_name": f"{values['rule_name']}-{number}",
            "target_id": f"{values['target_id']}{number}",
        }
        for number, rule in enumerate(host_rules(case, bodies))
    ]


def declared(case: Case, language: str, text: str, bodies: Mapping[str, Document]) -> list[Declared]:
    """Return the resources that a Bicep or Terraform text declares; of Terraform, those of azapi."""
    values = values_of(case, bodies)
    if language == "terraform":
        return declared_in_terraform(text, values)
    place = str(case.row.get("resource_id", case.resource_id)).split("/")
    deployment = Deployment(subscription=place[2], group=place[4], values=for_bicep(values))
    return declared_in_bicep(text, deployment)


def has_azapi(text: str) -> bool:
    """Whether a Terraform text has resources of azapi, whose effect is evaluated."""
    return any(kind.startswith("azapi_") for kind, _, _ in blocks(text))
