"""A text is for the kind of the workspace, and a template closes nothing before a private endpoint leads to it."""

from __future__ import annotations

import re
from itertools import product

import pytest
import tree_sitter_bicep
from tree_sitter import Language, Parser

from checks.contract.tables import Tables
from checks.fixes.access.clouds import in_cloud_of
from checks.fixes.marks import KINDS, TYPES, facts_of
from checks.fixes.steps import for_facts
from checks.model import Check
from checks.registry import BUILT_IN, registry
from reports.literals import texts
from reports.page.fixes import Resources
from tests.support.audits.tenants import workspace_row
from tests.support.fix_lines import filled
from tests.support.fixes.commands.alternatives import alternatives
from tests.support.fixes.templates.provider_arguments import problems, provider_arguments, replaced_names
from tests.support.fixes.templates.terraform import blocks

EACH = pytest.mark.parametrize("check", BUILT_IN, ids=lambda check: check.id)

AZURERM = {
    "Default": "azurerm_machine_learning_workspace",
    "FeatureStore": "azurerm_machine_learning_workspace",
    "Hub": "azurerm_ai_foundry",
    "Project": "azurerm_ai_foundry_project",
}
_NAMED = re.compile(r"\b(?:azurerm_machine_learning_workspace|azurerm_ai_foundry(?:_project)?)\b")
_OF_THE_NAME = {"name", "location", "resource_group_name", "kind"}


def every_text(check: Check) -> list[tuple[str, bool, dict[str, str]]]:
    """The texts for each kind, with and without an approved private endpoint."""
    return [
        (kind, reached, texts(for_facts(check.remediation, facts_of(kind, is_reached=reached))))
        for kind, reached in product(KINDS, (True, False))
    ]


def in_comments(terraform: str) -> str:
    """The resources of workspaces that stand in comments."""
    found = re.findall(
        rf'^((?:# )+)(resource "{_NAMED.pattern}" .*?^\1}})$', terraform, re.MULTILINE | re.DOTALL
    )
    return "\n".join(block.replace(f"\n{sign}", "\n") for sign, block in found)


@EACH
def test_no_text_names_a_resource_of_another_kind(check: Check) -> None:
    for kind, _, printed in every_text(check):
        assert "<<" not in "".join(printed.values())
        for text in printed.values():
            assert set(_NAMED.findall(text)) <= {AZURERM[kind]}, kind
        stores = printed["terraform"].count('"FeatureStore"')
        made = printed["terraform"].count('resource "azurerm_machine_learning_workspace" ')
        assert stores == (made if kind == "FeatureStore" else 0)
        assert not re.search(
            r"^  kind: '(?:Default|Hub|Project|FeatureStore)'", printed["bicep"], re.MULTILINE
        )


@EACH
def test_a_reader_without_a_finding_gets_the_resource_of_each_kind(check: Check) -> None:
    named = set(_NAMED.findall(check.remediation.terraform))
    assert named in (set(), set(AZURERM.values()))


@EACH
def test_a_setting_of_azurerm_is_an_argument_that_does_not_replace_the_workspace(check: Check) -> None:
    for kind, reached, _ in every_text(check):
        fix = for_facts(check.remediation, facts_of(kind, is_reached=reached))
        text = in_comments(filled(fix)["terraform"])
        assert [each for each in problems(text) if not each.endswith(" is missing")] == []
        for resource, _, body in blocks(text):
            known = provider_arguments()[resource]
            assert body["name"] == '"workspace"'
            assert not [name for name in set(body) - _OF_THE_NAME if known.get(name, {}).get("replaces")]


@EACH
def test_a_parser_reads_the_text_of_every_kind(check: Check) -> None:
    if not check.remediation.marked:
        return
    marked = " ".join(check.remediation.marked)
    facts = product(KINDS, (True, False), [each for each in TYPES if f"<<{each}>>" in marked] or [""])
    fixes = {
        for_facts(check.remediation, facts_of(kind, is_reached=reached, type_=type_))
        for kind, reached, type_ in facts
    }
    bicep = Parser(Language(tree_sitter_bicep.language()))
    read = {text for each in map(filled, fixes) for text in alternatives(each["bicep"])}
    assert not [text for text in read if bicep.parse(text.encode()).root_node.has_error]
    for text in {text for each in map(filled, fixes) for text in alternatives(each["terraform"])}:
        assert problems(text) == []
        assert replaced_names(text) == []


def test_a_hub_gets_the_argument_that_its_resource_has() -> None:
    fix = for_facts(registry()["NET001"].remediation, facts_of("hub", is_reached=True))
    ((resource, _, body),) = blocks(in_comments(filled(fix)["terraform"]))
    assert (resource, body["public_network_access"]) == ("azurerm_ai_foundry", '"Disabled"')


CLOSING = [
    check.id
    for check in BUILT_IN
    if re.search(r"publicNetworkAccess: 'Disabled'", check.remediation.bicep)
    and "private-endpoint-connection list" in check.remediation.az
]


@pytest.mark.parametrize("check_id", CLOSING)
def test_a_template_closes_after_the_private_endpoint_that_it_creates(check_id: str) -> None:
    fix = registry()[check_id].remediation
    for kind in KINDS:
        open_, reached = (for_facts(fix, facts_of(kind, is_reached=each)) for each in (False, True))
        assert "privateEndpoints@" not in reached.bicep
        assert "azurerm_private_" not in reached.bicep + reached.terraform
        if kind == "Project" and check_id.startswith("END"):
            assert all("private endpoint to the hub" in text for text in (open_.bicep, open_.terraform))
            continue
        assert "privateEndpoints@" in open_.bicep
        assert "azurerm_private_endpoint" in open_.terraform
        for closing in blocks_of(open_.bicep):
            if "publicNetworkAccess: 'Disabled'" in closing:
                assert re.search(r"dependsOn: \[ .*zones", closing, re.IGNORECASE), closing
        for closing in blocks_of(open_.terraform):
            if 'publicNetworkAccess = "Disabled"' in closing:
                assert re.search(r"depends_on +=.*private_endpoint\..*network_link\.", closing), closing


def blocks_of(text: str) -> list[str]:
    """The resources of a template, those of its alternatives included."""
    return re.findall(r"^(?:# |// )?resource .*?^(?:# |// )?\}\]?$", text, re.MULTILINE | re.DOTALL)


def test_a_finding_gets_the_text_of_its_kind_and_of_its_private_endpoint() -> None:
    rows = [{**workspace_row(number), "kind": kind} for number, kind in enumerate(("Hub", "FeatureStore"))]
    connection = {"connection_id": "/c", "workspace_id": rows[0]["workspace_id"], "status": "Approved"}
    resources = Resources(Tables.of(workspaces=rows, private_endpoint_connections=[connection]))
    check = registry()["NET001"]
    hub, store = (
        resources.fix(check, resource_id=row["workspace_id"], workspace_id=row["workspace_id"], judged_by="")
        for row in rows
    )
    assert (hub, store) == tuple(
        for_facts(check.remediation, facts_of(kind, is_reached=reached))
        for kind, reached in (("Hub", True), ("FeatureStore", False))
    )


@pytest.mark.parametrize(
    ("location", "zones"),
    [
        ("westeurope", {"api.azureml.ms", "notebooks.azure.net"}),
        ("ChinaEast2", {"api.ml.azure.cn", "notebooks.chinacloudapi.cn"}),
        ("USGov Virginia", {"api.ml.azure.us", "notebooks.usgovcloudapi.net"}),
    ],
)
def test_a_finding_gets_the_dns_zones_of_its_cloud(location: str, zones: set[str]) -> None:
    row = {**workspace_row(0), "location": location}
    resources = Resources(Tables.of(workspaces=[row]))
    for check_id in ("PEP001", "NET001"):
        fix = resources.fix(
            registry()[check_id],
            resource_id=row["workspace_id"],
            workspace_id=row["workspace_id"],
            judged_by="",
        )
        for text in (fix.bicep, fix.terraform):
            assert set(re.findall(r"['\"]privatelink[.]([\w.]+)", text)) == zones


@pytest.mark.parametrize(
    ("region", "ending"),
    [("chinanorth3", r"chinacloudapi\.cn|azure(cr)?\.cn"), ("usdodeast", r"usgovcloudapi\.net|azurecr\.us")],
)
@pytest.mark.parametrize("check_id", ["RES001", "RES002", "RES003"])
def test_the_zones_of_a_dependency_are_those_of_its_cloud(check_id: str, region: str, ending: str) -> None:
    fix = in_cloud_of(registry()[check_id].remediation, region)
    zones = re.findall(r"['\"](privatelink[.][\w.]+)", f"{fix.bicep}{fix.terraform}")
    assert zones
    assert all(re.search(f"({ending})$", zone) for zone in zones)
