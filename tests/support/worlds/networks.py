"""What the laws of all checks need to know of NET, PEP, MVN and OBR: rows, worlds that pass, excuses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

from checks.contract.tables import Tables
from checks.network.approvers import APPROVER
from tests.support.tables.checks import NETWORK_ID, SUBSCRIPTION, SUBSCRIPTION_ROW, workspace_id
from tests.support.worlds.dependencies import YES_NO, maybe

Row = dict[str, object]

STORAGE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/sa"
VAULT = "/subscriptions/other/resourceGroups/rg/providers/Microsoft.Keyvault/vaults/kv"

READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"

PARAMETERS: dict[str, dict[str, Any]] = {
    "PEP003": {"allowed_subscriptions": [SUBSCRIPTION]},
    "OBR008": {"approved": ["*.pypi.org", "DataFactory", "*/storageAccounts/sa"]},
    "OBR013": {"allowed_subscriptions": [SUBSCRIPTION]},
}

WITHOUT_CONTROL = {
    "PEP005": "whether containers reach addresses is no control",
    "MVN008": "whether Azure can create endpoints is no control",
    "MVN004": "whether Spark jobs can start is no control",
    "MVN007": "the tier of a firewall is a matter of cost",
    "OBR012": "the bill of a firewall is a matter of cost",
}

OTHER_EVIDENCE = {
    ("PEP004", "workspaces.isolation_mode"): "a workspace without a managed network has no mode",
    ("PEP004", "private_endpoint_connections.subnet_id"): "only quoted in the reason",
    ("PEP004", "workspaces.private_endpoint_connections_known"): "two connections that were read are several",
    ("NET001", "workspaces.allow_public_access_when_behind_vnet"): "only quoted in the reason",
    ("NET004", "workspaces.public_network_access"): "a flag that is false contradicts nothing",
    ("NET004", "workspaces.private_endpoint_connections_known"): "likewise",
    ("NET004", "private_endpoint_connections.status"): "likewise, or there is no connection",
    ("PEP001", "workspaces.public_network_access"): "only quoted in the reason",
    ("OBR003", "outbound_rules.action"): "a rule without an action allows",
    ("OBR005", "outbound_rules.action"): "a rule without an action allows",
    ("OBR005", "outbound_rules.fqdn"): "decides for host-name rules only",
    ("OBR007", "outbound_rules.action"): "a rule without an action allows",
    ("OBR010", "outbound_rules.status"): "a rule without a status counts",
    ("OBR010", "outbound_rules.spark_enabled"): "a rule without the flag is not for Spark",
    ("OBR011", "workspaces.public_network_access"): "approved outbound needs the workspace's own endpoint",
    ("PEP002", "private_endpoint_connections.description"): "only quoted in the reason",
    ("MVN005", "workspaces.isolation_mode"): "a workspace without a managed network has no mode",
    ("OBR001", "workspaces.managed_network_status"): "an active rule is in force",
    ("OBR002", "workspaces.managed_network_reported"): "private endpoints are valid in every mode",
    ("OBR002", "workspaces.isolation_mode"): "likewise",
    ("OBR005", "outbound_rules.service_tag"): "prefixes override the tag",
    ("OBR008", "outbound_rules.fqdn"): "decides for host-name rules only",
    ("OBR008", "outbound_rules.service_tag"): "decides for service-tag rules only",
    ("OBR008", "outbound_rules.address_prefixes"): "likewise",
    ("OBR008", "outbound_rules.service_resource_id"): "decides for private-endpoint rules only",
    ("OBR008", "outbound_rules.action"): "likewise for service-tag rules",
    ("OBR010", "outbound_rules.fqdn"): "decides for host-name rules only",
    ("OBR010", "outbound_rules.service_tag"): "decides for service-tag rules only",
    ("OBR010", "outbound_rules.address_prefixes"): "likewise",
    ("OBR010", "outbound_rules.action"): "likewise",
    ("OBR010", "outbound_rules.protocol"): "likewise",
    ("OBR010", "outbound_rules.port_ranges"): "likewise",
    ("OBR010", "outbound_rules.service_resource_id"): "decides for private-endpoint rules only",
    ("OBR010", "outbound_rules.subresource_target"): "likewise",
    ("OBR012", "outbound_rules.type"): "a workspace without rules has no host-name rules",
    ("OBR012", "outbound_rules.rule"): "only quoted in the reason",
    ("MVN004", "outbound_rules.rule"): "likewise",
    ("OBR016", "outbound_rules.category"): "a user-assigned identity needs a role on every target",
    (
        "OBR016",
        "workspaces.identity_type",
    ): "a customer's rule to another target needs a role of any identity",
    ("OBR016", "workspaces.primary_user_assigned_identity"): "likewise",
    ("OBR016", "workspaces.storage_account"): "a user-assigned identity needs a role on every target",
    ("OBR016", "workspaces.key_vault"): "likewise",
    ("OBR016", "workspaces.container_registry"): "likewise",
    ("OBR016", "workspaces.application_insights"): "likewise",
}
NETWORK = st.fixed_dictionaries(
    {
        "public_network_access": maybe("Enabled", "Disabled", "dISABLED", "SecuredByPerimeter"),
        "allow_public_access_when_behind_vnet": YES_NO,
        "network_acls_default_action": maybe("Allow", "Deny", "deny", "Perhaps"),
        "ip_rules": maybe("", "20.1.2.3", "20.1.2.0/24, 10.0.0.4", "0.0.0.0/0"),
        "managed_network_reported": maybe(True, True, False),
        "isolation_mode": maybe(
            "Disabled",
            "AllowInternetOutbound",
            "AllowOnlyApprovedOutbound",
            "allowonlyapprovedoutbound",
            "Foo",
        ),
        "managed_network_status": maybe("Active", "Inactive", "ACTIVE", "Dozing"),
        "spark_ready": YES_NO,
        "v1_legacy_mode": YES_NO,
        "firewall_sku": maybe("Standard", "basic"),
        "outbound_rules_known": maybe(True, True, True, False),
        "private_endpoint_connections_known": maybe(True, True, True, False),
        "serverless_compute_configured": maybe(True, True, False),
        "serverless_compute_custom_subnet": maybe("", "/subnets/own"),
        "serverless_compute_no_public_ip": YES_NO,
        "identity_type": maybe("SystemAssigned", "UserAssigned", "systemassigned,userassigned", ""),
        "primary_user_assigned_identity": maybe("", "/identities/one"),
    }
)
RULE = st.fixed_dictionaries(
    {
        "type": maybe("FQDN", "ServiceTag", "PrivateEndpoint", "fqdn", "SERVICETAG", "Tunnel"),
        "category": maybe("UserDefined", "userdefined", "UserDefined", "Required", "Whim"),
        "status": maybe("Active", "active", "Inactive", "Provisioning", "Failed", "Deleting", "Asleep"),
        "error_information": maybe("", "", "no right to approve"),
        "fqdn": maybe("pypi.org", "files.pypi.org", "*.pypi.org", "*", "sa.blob.core.windows.net", ""),
        "service_tag": maybe(
            "DataFactory", "Sql", "Storage.WestUS", "Internet", "azuremonitor.westus", "Any", ""
        ),
        "protocol": maybe("TCP", "udp", "*", "Carrier"),
        "port_ranges": maybe("443", "80, 8080-8089", "*", "1-65535", "https"),
        "address_prefixes": maybe("", "", "20.1.2.3/32", "0.0.0.0/0", "everywhere"),
        "action": maybe("Allow", "allow", "Deny", "Perhaps"),
        "service_resource_id": maybe(STORAGE, STORAGE.lower(), VAULT, "nowhere"),
        "subresource_target": maybe("blob", "Blob", "vault", ""),
        "spark_enabled": YES_NO,
        "target_roles": maybe("", APPROVER, f"{APPROVER}, ?", "?", READER),
    }
)
CONNECTION = st.fixed_dictionaries(
    {
        "status": maybe("Approved", "APPROVED", "Pending", "Rejected", "Pondering"),
        "description": maybe("hello"),
        "created_at": maybe("2026-02-01T00:00:00Z", "2026-02-15T00:00:00Z", "soon"),
        "private_endpoint_id": maybe(STORAGE, VAULT, "nowhere", ""),
        "provisioning_state": maybe("Succeeded", "Succeeded", "Failed", "Deleting", "Odd"),
        "subnet_id": maybe(f"{NETWORK_ID}/subnets/one", "nowhere"),
        "network_prefixes": maybe("10.0.0.0/16", "10.0.0.0/16, 172.17.1.0/24", "everywhere"),
    }
)


@st.composite
def around(draw: st.DrawFn, workspaces: Sequence[str]) -> dict[str, list[Row]]:
    """Outbound rules and connections of these workspaces, by the name of their table."""
    rules, connections = [], []
    for name in workspaces:
        for n, row in enumerate(draw(st.lists(RULE, max_size=3))):
            rules.append(row | child(name, "rule", f"r{n}"))
        for n, row in enumerate(draw(st.lists(CONNECTION, max_size=2))):
            connections.append(row | child(name, "connection", f"c{n}"))
    return {"outbound_rules": rules, "private_endpoint_connections": connections}


def identity(name: str, **values: object) -> Row:
    """What every row of `workspaces` has, and these values."""
    return {"workspace_id": workspace_id(name), "workspace": name, **values}


def child(workspace: str, word: str, name: str) -> Row:
    """What names a rule or a connection of that workspace, whose id is spelled in another case."""
    id = f"{workspace_id(workspace)}/{word}s/{name}"
    return {f"{word}_id": id, "workspace_id": workspace_id(workspace).upper(), word: name}


def _rows_that_pass() -> Iterator[tuple[str, Tables]]:
    """The worlds, by their names."""
    hosts: Row = {"type": "FQDN", "category": "UserDefined", "fqdn": "files.pypi.org"}
    tag: Row = {
        "type": "ServiceTag",
        "category": "UserDefined",
        "service_tag": "DataFactory",
        "protocol": "TCP",
        "port_ranges": "443",
        "address_prefixes": "",
        "action": "Allow",
    }
    spark: Row = {
        "type": "PrivateEndpoint",
        "category": "UserDefined",
        "service_resource_id": STORAGE,
        "subresource_target": "blob",
        "spark_enabled": True,
        "target_roles": APPROVER,
    }
    good: Row = {
        "public_network_access": "Disabled",
        "allow_public_access_when_behind_vnet": False,
        "network_acls_default_action": "Deny",
        "ip_rules": "",
        "managed_network_reported": True,
        "isolation_mode": "AllowInternetOutbound",
        "managed_network_status": "Active",
        "spark_ready": True,
        "v1_legacy_mode": False,
        "location": "westus",
        "firewall_sku": "Standard",
        "outbound_rules_known": True,
        "private_endpoint_connections_known": True,
        "serverless_compute_configured": True,
        "serverless_compute_custom_subnet": "",
        "serverless_compute_no_public_ip": True,
        "identity_type": "SystemAssigned",
        "primary_user_assigned_identity": "",
        "storage_account": "",
        "key_vault": "",
        "container_registry": "",
        "application_insights": "",
    }
    required: list[Row] = [
        tag | {"service_tag": name, "category": "Required"}
        for name in (
            "AzureActiveDirectory",
            "AzureMachineLearning",
            "BatchNodeManagement.westus",
            "AzureResourceManager",
            "AzureFrontDoor.FirstParty",
            "MicrosoftContainerRegistry",
            "AzureMonitor",
        )
    ]
    strict = good | {"isolation_mode": "AllowOnlyApprovedOutbound"}
    in_force: Row = {"status": "Active", "error_information": ""}
    worlds: dict[str, tuple[Row, list[Row]]] = {
        "plain": (good, [tag, spark]),
        "user-assigned": (good | {"identity_type": "UserAssigned"}, [spark]),
        "open": (good | {"public_network_access": "Enabled", "ip_rules": "20.1.2.3"}, []),
        "off": (good | {"isolation_mode": "Disabled", "serverless_compute_custom_subnet": "/own"}, [hosts]),
        "absent": (
            good | {"managed_network_reported": False, "serverless_compute_custom_subnet": "/own"},
            [],
        ),
        "prefixed": (strict, [tag | {"address_prefixes": "20.1.2.3/32"}]),
        "strict": (strict, [hosts, tag | {"service_tag": "DataFactory"}, *required]),
    }
    for name, (values, rules) in worlds.items():
        yield (
            name,
            Tables.of(
                subscriptions=[SUBSCRIPTION_ROW],
                workspaces=[identity("ws", kind="Default") | values],
                outbound_rules=[in_force | row | child("ws", "rule", f"r{n}") for n, row in enumerate(rules)],
                private_endpoint_connections=[
                    {
                        "status": "Approved",
                        "private_endpoint_id": STORAGE,
                        "provisioning_state": "Succeeded",
                        "subnet_id": f"{NETWORK_ID}/subnets/one",
                        "network_prefixes": "10.0.0.0/16",
                    }
                    | child("ws", "connection", "c")
                ],
            ),
        )


WORLDS = dict(_rows_that_pass())
"""Tables in which every check of NET, PEP, MVN and OBR passes, OBR011 and MVN003 apart."""
