"""Fixes that once destroyed, opened or lost something, or did nothing. A test for each."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import jmespath
import pytest

from checks.engine.asking import findings
from checks.families.workspace_protection import IdentityKind
from checks.fixes.marks import facts_of
from checks.fixes.scenarios import missing_hosts
from checks.fixes.steps import for_facts
from checks.fixes.templates import OWN_TEMPLATE
from checks.model import Remediation, Status
from checks.network.hosts import covers_host
from checks.network.scenario_hosts import DOCUMENTED_HOSTS
from checks.registry import registry
from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.tenants.tenant import Resource
from tests.support.fix_lines import Command, commands, filled, uncommented
from tests.support.fixes.cases import cases, questions, scan
from tests.support.fixes.cases import filled as filled_for
from tests.support.fixes.world.arm_world import ArmWorld

BUILDER = "imageBuildCompute"


def fix(check_id: str) -> Remediation:
    return registry()[check_id].remediation


def lines(check_id: str) -> list[Command]:
    """The commands as printed, with every placeholder filled in by its own name."""
    return list(commands(filled(fix(check_id))["az"]))


def bodies(check_id: str) -> list[dict[str, Any]]:
    """The bodies that the printed `az rest` commands send."""
    words = [each.words for each in lines(check_id)]
    sent = [each[each.index("--body") + 1] for each in words if "--body" in each]
    return [json.loads(body) for body in sent if not body.startswith("@")]


def order(check_id: str, *parts: str) -> list[int]:
    """The places of the first commands that contain the parts."""
    printed = [each.line for each in lines(check_id)]
    return [next(place for place, line in enumerate(printed) if part in line) for part in parts]


def saved_compute(check_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """The description that the first printed command writes into the file, for this answer of Azure."""
    words = next(each.words for each in lines(check_id) if "--query" in each.words)
    query = words[words.index("--query") + 1].replace("$REGION", "location")
    result: dict[str, Any] = jmespath.search(query, body)
    return result


def compute(kind: str = "ComputeInstance", **inner: Any) -> dict[str, Any]:
    return {
        "location": "location",
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "computeType": kind,
            "computeLocation": "elsewhere",
            "disableLocalAuth": True,
            "properties": {"vmSize": "small", "enableNodePublicIp": False} | inner,
        },
    }


@pytest.mark.parametrize("check_id", ["SEC002", "SEC003"])
def test_what_only_a_new_workspace_can_have_is_created_closed_beside_the_old_one(check_id: str) -> None:
    words = next(each.words for each in lines(check_id) if "--query" in each.words)
    old = {
        "kind": "Hub",
        "identity": {"type": "UserAssigned"},
        "properties": {"publicNetworkAccess": "Enabled"},
    }
    made = jmespath.search(words[words.index("--query") + 1], old)
    assert made["properties"]["publicNetworkAccess"] == "Disabled"
    assert made["properties"]["managedNetwork"]["isolationMode"] == "AllowOnlyApprovedOutbound"
    assert (made["kind"], made["identity"]) == (old["kind"], old["identity"])
    assert "name = {{workspace}}" not in re.sub(" +", " ", fix(check_id).terraform)
    assert "public_network_access_enabled = false" in fix(check_id).terraform
    assert "azurerm_ai_foundry" in fix(check_id).terraform
    assert "name: {{workspace}}" not in fix(check_id).bicep


def test_obr007_keeps_tag_and_address_prefixes() -> None:
    (command,) = lines("OBR007")
    assert command.line.startswith("az resource update --ids rule_id")
    assert "addressPrefixes" not in command.line
    assert '"\\"$PORT_RANGES\\""' in command.line
    assert "split({{address_prefixes}}, ', ')" in fix("OBR007").bicep
    assert "azapi_update_resource" in fix("OBR007").terraform


def test_pep002_approves_or_deletes_but_not_both() -> None:
    assert [each.line.split()[3] for each in lines("PEP002")] == ["approve"]
    assert "private-endpoint-connection delete" in uncommented(fix("PEP002").az)


def test_obr002_removes_the_rule_and_leaves_the_mode() -> None:
    assert order("OBR002", ".json", "outbound-rule remove") == [0, 1]
    assert "isolationMode" not in fix("OBR002").az
    assert "--managed-network" not in fix("OBR002").az


@pytest.mark.parametrize("check_id", ["CMP001", "CMP003", "CMP004", "CMP006", "CMP007", "CMP008", "CMP009"])
def test_a_compute_is_created_again_as_it_was(check_id: str) -> None:
    before = compute(
        sshSettings={"sshPublicAccess": "Enabled", "adminPublicKey": "key"},
        idleTimeBeforeShutdown="PT30M",
        enableNodePublicIp=True,
    )
    printed = lines(check_id)
    after = saved_compute(check_id, before)
    inner = after["properties"]["properties"]
    assert after["identity"] == before["identity"]
    assert after["properties"]["disableLocalAuth"] is True
    assert inner["enableNodePublicIp"] is False
    assert inner["idleTimeBeforeShutdown"] == "PT30M"
    assert inner["sshSettings"]["adminPublicKey"] == "key"
    assert not any("az ml compute create" in each.line for each in printed)
    saved, deleted, created = order(
        check_id, "> compute.json", "az ml compute delete", "--body @compute.json"
    )
    assert saved < deleted < created


@pytest.mark.parametrize("check_id", ["CMP004", "CMP006", "CMP008"])
def test_a_template_creates_no_public_compute(check_id: str) -> None:
    assert "enableNodePublicIp: false" in fix(check_id).bicep
    assert "enableNodePublicIp = false" in fix(check_id).terraform


def test_cmp004_moves_the_compute_to_the_region_of_the_workspace() -> None:
    assert saved_compute("CMP004", compute())["properties"]["computeLocation"] == "location"


def test_cmp006_closes_ssh_of_an_instance_and_remote_login_of_a_cluster() -> None:
    instance = saved_compute("CMP006", compute(sshSettings={"sshPublicAccess": "Enabled"}))
    cluster = saved_compute("CMP006", compute("AmlCompute", remoteLoginPortPublicAccess="Enabled"))
    assert instance["properties"]["properties"]["sshSettings"] == {"sshPublicAccess": "Disabled"}
    assert cluster["properties"]["properties"]["remoteLoginPortPublicAccess"] == "Disabled"
    assert "sshSettings" not in cluster["properties"]["properties"]


@pytest.mark.parametrize("check_id", ["MVN001", "MVN002", "NET006", "END005"])
def test_computes_and_endpoints_go_before_isolation_and_come_back_after_provisioning(check_id: str) -> None:
    text = "\n".join(line.lstrip("# ") for line in fix(check_id).az.splitlines())
    text = text[text.index("List the computes and online endpoints") :]
    wanted = [
        *("compute delete", "online-endpoint delete", "isolationMode", "provision-network"),
        *(
            "--method put --url {{workspace_id}}/computes",
            "--method put --url {{workspace_id}}/onlineEndpoints",
        ),
    ]
    places = [text.index(each) for each in wanted]
    assert places == sorted(places)


def test_cmp002_provisions_before_it_creates_the_compute_again() -> None:
    text = fix("CMP002").az
    second = text[text.index("# Or the managed network is on") :]
    assert second.index("provision-network") < second.index("compute delete") < second.index("--method put")
    assert not any("isolationMode" in each.line for each in lines("CMP002"))


def test_net004_leaves_public_access_alone_and_does_not_send_a_patch() -> None:
    assert not any("--method patch" in each.line for each in lines("NET004"))
    for text in (fix("NET004").az, fix("NET004").bicep, fix("NET004").terraform):
        assert "Disabled" not in text


@pytest.mark.parametrize("check_id", ["END001", "END002", "END004"])
def test_a_template_of_an_endpoint_keeps_identity_traffic_and_authentication(check_id: str) -> None:
    bicep = fix(check_id).bicep
    assert "identity: identity" in bicep
    assert "traffic: traffic" in bicep
    assert "authMode: authMode" in bicep or check_id == "END004"
    assert OWN_TEMPLATE in bicep


@pytest.mark.parametrize(
    ("type_", "mode"), [("online", "AADToken"), ("batch", "AADToken"), ("serverless", "AAD")]
)
def test_end004_changes_the_endpoint_of_its_type(type_: str, mode: str) -> None:
    found = for_facts(fix("END004"), facts_of("Hub", is_reached=False, type_=type_))
    for text in (found.bicep, found.terraform):
        assert re.findall(r"workspaces/(\w+)Endpoints@", text) == [type_]
        assert re.findall(r"authMode:? =?\s*['\"](\w+)", text) == [mode]


@pytest.mark.parametrize("language", ["bicep", "terraform"])
def test_a_template_opens_the_hosts_that_the_finding_names_and_no_other(language: str) -> None:
    for check_id in ("SCN001", "SCN002", "SCN005"):
        assert not DOCUMENTED_HOSTS & set(re.findall(r"[*\w.-]+", getattr(fix(check_id), language)))
        for case in cases(check_id):
            (named,) = re.findall(r"split\(.*?([\"'])([^\"']{3,})\1", filled_for(case)[language])
            missing = DOCUMENTED_HOSTS & set(re.findall(r"[*\w-]+(?:\.[\w-]+)+", case.reason))
            hosts = set(named[1].split(", "))
            assert hosts <= missing
            assert all(any(covers_host(host, each) for host in hosts) for each in missing - hosts)


def test_the_hosts_of_a_rule_that_failed_get_another_rule() -> None:
    (query,) = re.findall(r"^hosts=.* --query '([^']*)' --output tsv \| sed", fix("SCN001").az, re.MULTILINE)
    rule = {"name": "mine", "properties": {"type": "FQDN", "destination": "*", "status": "Failed"}}
    active = {"name": "mine", "properties": {"type": "FQDN", "destination": "*", "status": "Active"}}
    assert jmespath.search(query, {"value": [rule, active]}) == ["*"]


def test_a_required_tag_whose_rule_failed_gets_another_rule() -> None:
    (query,) = re.findall(r'--query "(value[^"]*SERVICE_TAG[^"]*)"', fix("OBR003").az)
    rules = [
        {"name": status, "properties": {"destination": {"serviceTag": "$SERVICE_TAG"}, "status": status}}
        for status in ("Failed", "Active")
    ]
    assert jmespath.search(query, {"value": rules}) == ["Active"]


def test_a_host_that_another_missing_host_covers_is_left_out() -> None:
    reason = "No active rule reaches production.cloudflare.docker.com, docker.io, *.docker.com."
    assert missing_hosts(reason) == "docker.io, *.docker.com"


@pytest.mark.parametrize("check_id", ["RES002", "RES011"])
def test_a_template_of_a_vault_keeps_its_access_policies(check_id: str) -> None:
    assert "accessPolicies: accessPolicies" in fix(check_id).bicep


@pytest.mark.parametrize("check_id", ["NET003", "NET005"])
def test_address_rules_are_written_without_touching_public_access(check_id: str) -> None:
    assert "network-rule" not in fix(check_id).az
    (body,) = bodies(check_id)
    assert set(body["properties"]) == {"networkAcls"}
    assert body["properties"]["networkAcls"]["defaultAction"] == "Deny"


def test_mvn007_sends_the_tier_and_nothing_else() -> None:
    assert bodies("MVN007") == [{"properties": {"managedNetwork": {"firewallSku": "$SKU"}}}]


def test_mvn003_provisions_by_the_action() -> None:
    assert "provisionNetworkNow" not in fix("MVN003").bicep + fix("MVN003").terraform
    assert 'action      = "provisionManagedNetwork"' in fix("MVN003").terraform


def test_sec001_attaches_the_identity() -> None:
    attached = [body["identity"].get("userAssignedIdentities") for body in bodies("SEC001")]
    assert {"$IDENTITY_ID": {}} in attached
    assert all("UserAssigned" in body["identity"]["type"] for body in bodies("SEC001")[1:])


def test_sec001_has_a_command_for_a_workspace_without_an_identity_under_a_policy_for_user_assigned() -> None:
    (check,) = [chosen for chosen in questions() if chosen.check.id == "SEC001"]
    resources = [
        Resource(body={name: part for name, part in each.body.items() if name != "identity"})
        if each.id.endswith("/workspaces/mlw-batch-prod")
        else each
        for each in demo_tenant().resources
    ]
    world = ArmWorld(replace(demo_tenant(), resources=tuple(resources), default_faults=()))
    (own,) = [each.id for each in resources if each.id.endswith("/workspaces/mlw-batch-prod")]
    text = uncommented(filled(fix("SEC001"), {"workspace_id": own, "identity_type": ""})["az"])
    (command,) = [each for each in commands(text) if not each.test and each.changes]
    body = json.loads(command.words[command.words.index("--body") + 1].replace("$IDENTITY_ID", "/identity"))
    world.send("PATCH", own, body)
    wanted = replace(check, params=IdentityKind(kind="UserAssigned"))
    answers = findings(scan(world.tenant()), [wanted])
    assert list(answers[answers["workspace_id"].eq(own)]["status"]) == [Status.PASS]


@pytest.mark.parametrize("check_id", ["SCN004", "OBR003", "OBR007", "OBR009", "OBR011"])
def test_terraform_uses_azapi_where_azurerm_refuses_the_rule(check_id: str) -> None:
    terraform = fix(check_id).terraform
    assert "azurerm_machine_learning_workspace_network_outbound_rule" not in terraform
    assert "azapi_" in terraform


def test_mvn005_does_not_ask_azurerm_for_what_it_refuses() -> None:
    for block in re.findall(r"serverless_compute \{.*?\}", filled(fix("MVN005"))["terraform"], re.DOTALL):
        assert block.index("subnet_id") < block.index("public_ip_enabled = false")
    first, *_ = bodies("MVN005")
    assert first["properties"]["serverlessComputeSettings"]["serverlessComputeNoPublicIP"] is False


@pytest.mark.parametrize(
    ("check_id", "required"),
    [
        *(
            (each, ("location:", "sku:", "kind:"))
            for each in ("RES001", "RES005", "RES006", "RES009", "RES010")
        ),
        *((each, ("location:", "sku:", "tenantId:")) for each in ("RES002", "RES011")),
        *((each, ("location:", "sku:")) for each in ("RES003", "RES007", "RES012")),
        ("RES004", ("location:", "kind:", "Application_Type:")),
    ],
)
def test_a_template_of_a_dependency_has_what_azure_requires(check_id: str, required: tuple[str, ...]) -> None:
    assert all(each in fix(check_id).bicep for each in required)
    assert OWN_TEMPLATE in fix(check_id).bicep


def test_pep001_creates_both_dns_zones_with_the_endpoint() -> None:
    for zone in ("privatelink.api.azureml.ms", "privatelink.notebooks.azure.net"):
        for text in (fix("PEP001").az, fix("PEP001").bicep, fix("PEP001").terraform):
            assert zone in text
    created, zones = order("PEP001", "private-endpoint create", "private-dns zone create")
    assert created < zones
    assert fix("PEP001").az.count("dns-zone-group") == 2


def test_obr003_opens_udp_5831_by_udp() -> None:
    text = fix("OBR003").az
    assert re.search(r"--protocol UDP --port-ranges '5831'", text)
    assert not re.search(r"--protocol TCP --port-ranges '?[\d,]*5831", text)
    for template in (fix("OBR003").bicep, fix("OBR003").terraform):
        rules = re.findall(
            r"protocol:? =?\s*['\"](\w+)['\"]\s+(?:# +)?portRanges:? =?\s*['\"]([\d,]+)", template
        )
        assert rules == [("TCP", "443"), ("TCP", "8787,18881"), ("UDP", "5831")]


ROLES = {
    "storage": "Microsoft.Storage/storageAccounts@",
    "vault": "Microsoft.KeyVault/vaults@",
    "registry": "Microsoft.ContainerRegistry/registries@",
}


@pytest.mark.parametrize("role", list(ROLES))
@pytest.mark.parametrize("check_id", ["RES005", "RES006"])
def test_a_text_about_a_dependency_is_for_its_type(check_id: str, role: str) -> None:
    found = for_facts(fix(check_id), facts_of("", is_reached=False, type_=role))
    if (check_id, role) == ("RES006", "registry"):
        return
    for text in (found.bicep, found.terraform):
        assert [each for each in ROLES.values() if each in text] == [ROLES[role]]
        assert " Or " not in text
    if check_id == "RES005":
        assert ("networkRuleBypassOptions" in found.az) == (role == "registry")


@pytest.mark.parametrize(
    ("bypass", "after"),
    [
        (None, "AzureServices"),
        ("None", "AzureServices"),
        ("Logging, Metrics", "Logging, Metrics, AzureServices"),
    ],
)
def test_res005_keeps_what_the_firewall_of_a_storage_account_bypasses(bypass: str | None, after: str) -> None:
    text = for_facts(fix("RES005"), facts_of("", is_reached=False, type_="storage")).az
    query = next(
        each.words[each.words.index("--query") + 1] for each in commands(text) if "--query" in each.line
    )
    assert jmespath.search(query, {"properties": {"networkAcls": {"bypass": bypass}}}) == after


def test_res006_quotes_the_empty_list() -> None:
    (command,) = lines("RES006")
    assert command.line.endswith("'[]'")


@pytest.mark.parametrize("check_id", ["RES007", "RES009", "RES010", "RES011", "RES012"])
def test_the_caution_warns_that_others_may_share_the_resource(check_id: str) -> None:
    assert "may use the same resource" in fix(check_id).caution


def test_res003_names_a_compute_that_builds_images_before_it_closes_the_registry() -> None:
    before, after = order("RES003", BUILDER, "publicNetworkAccess")
    assert before < after
