from __future__ import annotations

import pytest
from pydantic import ValidationError

from checks.network.scenario_hosts import DOCUMENTED_HOSTS
from tests.support.tables.checks import (
    SUBSCRIPTION,
    Row,
    asked,
    endpoint_rule,
    host_rule,
    isolated,
    status_of_rule,
    statuses,
    tag_rule,
)

STORAGE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/sa"

NOT_JUDGED = [
    (host_rule("*", category="Required"), "not-applicable"),
    (host_rule("*", category="dependency"), "not-applicable"),
    (tag_rule("Internet", category="Recommended"), "not-applicable"),
    (endpoint_rule(STORAGE, "blob"), "not-applicable"),
]


TAGS_OF_EVERYONE = (
    *(
        "AppService",
        "EventHub.WestEurope",
        "ServiceBus",
        "Sql",
        "AzureCosmosDB",
        "AzureContainerRegistry",
        "LogicApps",
    ),
    *("AzureDataLake", "AzureDevOps", "PowerPlatformInfra", "powerplatformplex.eastus", "ApiManagement"),
    *(
        "AzureIoTHub",
        "AzureSignalR",
        "AzureDatabricks",
        "CognitiveServicesManagement",
        "CognitiveServicesFrontend",
    ),
    *("AzureCognitiveSearch", "AzureKeyVault", "azurekeyvault.northeurope", "AzureFrontDoor", "AzureCloud"),
)
TAGS_OF_ONE_SERVICE = (
    *(
        "StorageSyncService",
        "AzureBackup",
        "AzureUpdateDelivery",
        "WindowsVirtualDesktop",
        "AzureActiveDirectory",
    ),
    *("AzureMonitor", "MicrosoftContainerRegistry.westeurope", "AzureFrontDoor.FirstParty", "VirtualNetwork"),
)
ADJACENT = "20.1.2.0/24, 20.1.3.0/24"
SCATTERED = ", ".join(f"20.{n}.2.0/24" for n in range(5))


@pytest.mark.parametrize(
    ("row", "status"),
    [
        (host_rule("pypi.org"), "pass"),
        (host_rule("*.pytorch.org"), "pass"),
        (host_rule("myaccount.BLOB.core.windows.net"), "fail"),
        (host_rule("*.dfs.core.usgovcloudapi.net"), "fail"),
        (host_rule("table.core.chinacloudapi.cn"), "fail"),
        (host_rule("site.z13.web.core.windows.net."), "fail"),
        (host_rule("sa.z01.file.storage.azure.net"), "fail"),
        (host_rule("*.windows.net"), "fail"),
        (host_rule("*"), "fail"),
        (host_rule(None), "unknown"),
        (host_rule(""), "unknown"),
        (host_rule("pypi.org", category=None), "unknown"),
        (host_rule("pypi.org", type=None), "unknown"),
        (tag_rule("Storage"), "not-applicable"),
        *NOT_JUDGED,
    ],
)
def test_obr004_storage_may_not_be_reached_by_name(row: Row, status: str) -> None:
    assert status_of_rule("OBR004", row) == status


@pytest.mark.parametrize(
    ("row", "status"),
    [
        (tag_rule("DataFactory"), "pass"),
        (tag_rule("AzureFrontDoor.FirstParty"), "pass"),
        (tag_rule("Storage", address_prefixes="20.1.2.3/32"), "pass"),
        (tag_rule("Storage"), "fail"),
        (tag_rule("storage.westus"), "fail"),
        (tag_rule("AzureCloud.westus"), "fail"),
        (tag_rule("AzureFrontDoor.Frontend"), "fail"),
        (tag_rule("Internet"), "fail"),
        (tag_rule("DataFactory", address_prefixes="20.1.2.3/32, 0.0.0.0/0"), "fail"),
        (tag_rule(None, address_prefixes="20.1.0.0/16"), "fail"),
        (tag_rule("DataFactory", address_prefixes="::/0"), "fail"),
        (tag_rule("DataFactory", address_prefixes="everywhere"), "unknown"),
        (tag_rule("Storage", address_prefixes=None), "unknown"),
        (tag_rule(None), "unknown"),
        (tag_rule("Storage", category=None), "unknown"),
        (tag_rule("Storage", action=None), "fail"),
        (tag_rule("Storage", action="Perhaps"), "unknown"),
        (tag_rule("Storage", type=None), "unknown"),
        *((tag_rule(tag), "fail") for tag in TAGS_OF_EVERYONE),
        *((tag_rule(tag), "pass") for tag in TAGS_OF_ONE_SERVICE),
        *((tag_rule(word), "unknown") for word in ("*", "Any", "20.1.2.3", "10.0.0.0/8", "AzureWhatever")),
        (host_rule("*"), "fail"),
        (host_rule("*."), "fail"),
        (host_rule("*.com"), "not-applicable"),
        (tag_rule("DataFactory", address_prefixes=ADJACENT), "fail"),
        (tag_rule("DataFactory", address_prefixes=SCATTERED), "fail"),
        (tag_rule("Storage", action="deny"), "not-applicable"),
        *NOT_JUDGED,
    ],
)
def test_obr005_an_outbound_rule_may_not_allow_data_exfiltration(row: Row, status: str) -> None:
    assert status_of_rule("OBR005", row) == status


def test_obr005_a_policy_sets_how_wide_a_prefix_may_be() -> None:
    row = tag_rule("DataFactory", address_prefixes="20.1.0.0/16")
    assert status_of_rule("OBR005", row, min_prefix=16) == "fail"
    assert status_of_rule("OBR005", row, min_prefix=16, max_addresses=2**16) == "pass"
    with pytest.raises(ValidationError):
        status_of_rule("OBR005", row, min_prefix=-1)


def test_obr005_the_offending_rule_and_where_it_leads_are_named() -> None:
    reason = asked("OBR005", [isolated()], rules=[tag_rule("Storage.WestUS", "data-out")])["reason"][0]
    assert "data-out" in reason
    assert "Storage.WestUS" in reason


@pytest.mark.parametrize(
    ("row", "status"),
    [
        (host_rule("pypi.org"), "pass"),
        (host_rule("*.pythonhosted.org"), "pass"),
        (host_rule("myapp.azurewebsites.net"), "pass"),
        (host_rule("*.vscodeexperiments.azureedge.net"), "pass"),
        (host_rule("bucket.s3.amazonaws.com"), "pass"),
        *(
            (host_rule(host), "pass")
            for host in ("docker.io", "*.docker.io", "bucket.oss-cn-hangzhou.aliyuncs.com")
        ),
        (host_rule("*"), "fail"),
        (host_rule("*.com"), "fail"),
        (host_rule("*.co.uk"), "fail"),
        (host_rule("*.GitHub.io"), "fail"),
        (host_rule("*.azurewebsites.net"), "fail"),
        (host_rule("*.amazonaws.com"), "fail"),
        (host_rule("*.eu-west-1.amazonaws.com"), "fail"),
        (host_rule("s3.amazonaws.com"), "fail"),
        (host_rule("*.azure.com"), "fail"),
        (host_rule("*contoso.com"), "fail"),
        (host_rule("localhost"), "pass"),
        (host_rule("com"), "fail"),
        (host_rule("*.newest-top-level"), "fail"),
        (host_rule("::1"), "unknown"),
        (host_rule("www.contoso.*"), "fail"),
        (host_rule(None), "unknown"),
        (host_rule(""), "unknown"),
        (host_rule("*", category=None), "unknown"),
        (host_rule("*", category="Whim"), "unknown"),
        (tag_rule("Storage"), "not-applicable"),
        *NOT_JUDGED,
    ],
)
def test_obr006_a_host_may_not_be_wider_than_one_owner(row: Row, status: str) -> None:
    assert status_of_rule("OBR006", row) == status


def test_obr006_a_policy_adds_shared_domains() -> None:
    row = host_rule("*.tenants.example.com")
    assert status_of_rule("OBR006", row) == "pass"
    assert status_of_rule("OBR006", row, shared_domains=["Tenants.example.com"]) == "fail"


HOSTS_OF_EVERYONE = (
    *(
        "*.azurecr.io",
        "*.scm.azurewebsites.net",
        "*.vault.azure.net",
        "*.openai.azure.com",
        "*.documents.azure.com",
    ),
    *(
        "*.servicebus.windows.net",
        "*.azure-api.net",
        "*.logic.azure.com",
        "*.inference.ml.azure.com",
        "*.azurefd.net",
    ),
    *(
        "*.westeurope.inference.ml.azure.com",
        "*.trafficmanager.net",
        "*.cloudapp.azure.com",
        "*.sharepoint.com",
    ),
    *(
        "quay.io",
        "europe-west1-docker.pkg.dev",
        "gcr.io",
        "public.ecr.aws",
        "registry.gitlab.com",
    ),
    *("oss-cn-hangzhou.aliyuncs.com", "*.oss-cn-hangzhou.aliyuncs.com", "cos.ap-guangzhou.myqcloud.com"),
    *("s3.us-west-004.backblazeb2.com", "*.s3.us-west-004.backblazeb2.com", "dropbox.com", "api.notion.com"),
    *("*.mongo.cosmos.azure.us", "storage.googleapis.com", "s3.amazonaws.com", "s3.eu-west-1.amazonaws.com"),
    *("github.com", "*.github.com"),
)


@pytest.mark.parametrize("host", HOSTS_OF_EVERYONE)
def test_obr006_a_name_behind_which_anyone_may_keep_data_fails(host: str) -> None:
    assert status_of_rule("OBR006", host_rule(host)) == "fail"


@pytest.mark.parametrize("host", sorted(DOCUMENTED_HOSTS))
@pytest.mark.parametrize("check_id", ["OBR004", "OBR005", "OBR006", "OBR014"])
def test_a_host_that_a_scenario_needs_violates_no_check_of_openings(check_id: str, host: str) -> None:
    assert status_of_rule(check_id, host_rule(host)) in {"pass", "not-applicable"}


@pytest.mark.parametrize("wide", sorted(host for host in DOCUMENTED_HOSTS if host.startswith("*.")))
@pytest.mark.parametrize("label", ["registry-1", "*.hub"])
def test_obr006_a_host_below_an_admitted_wildcard_passes(wide: str, label: str) -> None:
    assert status_of_rule("OBR006", host_rule(wide.replace("*", label))) == "pass"


@pytest.mark.parametrize("admitted", ["github.com", "*.github.com"])
@pytest.mark.parametrize(("host", "wide"), [("GitHub.com", "github.com"), ("a.github.com", "*.github.com")])
def test_obr006_a_policy_admits_hosts_and_what_its_wildcards_cover(
    host: str, wide: str, admitted: str
) -> None:
    expected = "pass" if admitted == wide else "fail"
    assert (
        status_of_rule("OBR006", host_rule(host), admitted_hosts=[admitted], shared_hosts=["*github.com"])
        == expected
    )


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("wheels.contoso.com", "pass"),
        ("*.contoso.com", "pass"),
        ("*", "pass"),
        ("bücher.example", "pass"),
        ("contoso.com.", "pass"),
        ("https://contoso.com", "fail"),
        ("contoso.com:443", "fail"),
        ("contoso.com/wheels", "fail"),
        ("20.1.2.3", "fail"),
        ("2603:1020::1", "fail"),
        ("20.1.2.0/24", "fail"),
        ("contoso..com", "fail"),
        ("contoso.com..", "fail"),
        ("www.contoso.*", "fail"),
        ("contoso com", "fail"),
        ("127.1", "fail"),
        ("0x7f.0.0.1", "fail"),
        ("1.contoso.com", "pass"),
        ("", "unknown"),
        (None, "unknown"),
    ],
)
def test_obr014_a_destination_has_to_be_a_host_name(host: str | None, status: str) -> None:
    assert status_of_rule("OBR014", host_rule(host)) == status


@pytest.mark.parametrize("check_id", ["OBR004", "OBR006"])
@pytest.mark.parametrize("host", ["https://contoso.com", "contoso.com:443", "20.1.2.3"])
def test_a_destination_that_is_no_host_name_passes_no_check_of_hosts(check_id: str, host: str) -> None:
    assert status_of_rule(check_id, host_rule(host)) == "unknown"


@pytest.mark.parametrize("check_id", ["OBR004", "OBR005", "OBR006", "OBR007", "OBR014"])
@pytest.mark.parametrize(
    ("mode", "status"),
    [
        ("AllowInternetOutbound", "not-applicable"),
        ("Disabled", "not-applicable"),
        ("Foo", "unknown"),
        (None, "unknown"),
    ],
)
def test_rules_without_effect_are_not_judged(check_id: str, mode: str | None, status: str) -> None:
    row = (
        tag_rule("Storage", port_ranges="*")
        if check_id in {"OBR005", "OBR007"}
        else host_rule("*.azurecr.io")
    )
    found = asked(check_id, [isolated(mode=mode)], rules=[row])
    assert statuses(found) == [status]


@pytest.mark.parametrize(
    ("protocol", "ports", "status"),
    [
        ("TCP", "443", "pass"),
        ("tcp", "80, 8080-8089", "pass"),
        ("*", "443", "fail"),
        ("TCP", "*", "fail"),
        ("UDP", "1000-2000", "fail"),
        ("UDP", "1-100,101-200", "fail"),
        (None, "*", "unknown"),
        ("*", None, "fail"),
        ("ICMP", "*", "pass"),
        ("icmp", "0-65535", "pass"),
        ("ICMP", None, "pass"),
        (None, "443", "unknown"),
        ("TCP", None, "unknown"),
        ("TCP", "https", "unknown"),
        ("TCP", "", "unknown"),
        ("Carrier", "443", "unknown"),
    ],
)
def test_obr007_ports_and_protocol_have_to_be_narrow(
    protocol: str | None, ports: str | None, status: str
) -> None:
    assert status_of_rule("OBR007", tag_rule("DataFactory", protocol=protocol, port_ranges=ports)) == status


@pytest.mark.parametrize(
    ("row", "status"),
    [
        *NOT_JUDGED,
        (tag_rule("DataFactory", port_ranges="*", action="Deny"), "not-applicable"),
        (tag_rule("DataFactory", port_ranges="*", action=None), "fail"),
        (tag_rule("DataFactory", port_ranges="1-60, 101-160"), "fail"),
        (tag_rule("DataFactory", port_ranges="1-60, 41-100"), "pass"),
        (tag_rule("DataFactory", category=None), "unknown"),
    ],
)
def test_obr007_ports_are_judged_for_the_customers_tag_rules_only(row: Row, status: str) -> None:
    assert status_of_rule("OBR007", row) == status


def test_obr007_a_policy_sets_how_many_ports_a_range_may_span() -> None:
    row = tag_rule("Sql", port_ranges="11000-11999")
    assert status_of_rule("OBR007", row, max_ports=1000) == "pass"
    assert status_of_rule("OBR007", row, max_ports=999) == "fail"


@pytest.mark.parametrize(
    ("row", "status"),
    [
        (host_rule("files.PyPI.org"), "pass"),
        (tag_rule("DataFactory"), "pass"),
        (tag_rule("Storage", address_prefixes="20.1.2.3/32"), "pass"),
        (endpoint_rule(STORAGE, "blob"), "pass"),
        (host_rule("pypi.org.evil.example"), "fail"),
        (tag_rule("DataFactory", address_prefixes="20.1.2.3/32, 9.9.9.9/32"), "fail"),
        (endpoint_rule(STORAGE + "2", "blob"), "fail"),
        (host_rule(None), "unknown"),
        (host_rule("files.pypi.org", type="Tunnel"), "unknown"),
        (tag_rule("DataFactory", address_prefixes=None), "unknown"),
        (tag_rule("DataFactory", action=None), "pass"),
        (host_rule("files.pypi.org", category=None), "unknown"),
        (host_rule("evil.example", category="Required"), "not-applicable"),
        (tag_rule("Storage", action="Deny"), "not-applicable"),
    ],
)
def test_obr008_a_customers_rule_has_to_be_approved(row: Row, status: str) -> None:
    approved = ["*.pypi.org", "datafactory", "20.1.2.3/32", STORAGE]
    assert status_of_rule("OBR008", row, approved=approved) == status


def test_obr008_nothing_approved_means_nothing_to_compare_with() -> None:
    assert status_of_rule("OBR008", host_rule("*")) == "not-applicable"
