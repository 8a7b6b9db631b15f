"""`azml-audit reach`: destinations as people type them, sources, exit codes, and every place to read an audit from."""

from __future__ import annotations

import json
from ipaddress import ip_network
from pathlib import Path

import pytest

from checks.network.destinations import Address, Destination, Endpoint, Host, Service
from checks.network.outbound_rules import OutboundRule
from checks.network.reach_answers import ManagedNetwork, reach_answer
from scanner.emulator.demo.tenant import demo_tenant
from scanner.errors import UsageError
from scanner.questions.destinations import destination_of, in_words, service_tags, with_tags
from tests.support.command_line import run, served

STORE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/sa"
VAULT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/kv"


@pytest.mark.parametrize(
    ("text", "destination"),
    [
        ("pypi.org", Host(name="pypi.org")),
        (" PyPI.org. ", Host(name="pypi.org")),
        ("pypi.org:80", Host(name="pypi.org", port=80)),
        ("pypi.org:53/UDP", Host(name="pypi.org", port=53, protocol="UDP")),
        ("pypi.org/tcp", Host(name="pypi.org")),
        ("*.blob.core.windows.net", Host(name="*.blob.core.windows.net")),
        ("münchen.example", Host(name="xn--mnchen-3ya.example")),
        ("https://pypi.org/simple?q=1", Host(name="pypi.org")),
        ("http://pypi.org:8080/simple", Host(name="pypi.org", port=8080)),
        ("20.1.2.3", Address(network=ip_network("20.1.2.3"))),
        ("20.1.2.3:22/tcp", Address(network=ip_network("20.1.2.3"), port=22)),
        ("20.1.2.0/24", Address(network=ip_network("20.1.2.0/24"))),
        ("2001:db8::1", Address(network=ip_network("2001:db8::1"))),
        ("[2001:db8::1]:22", Address(network=ip_network("2001:db8::1"), port=22)),
        ("Storage", Service(tag="Storage")),
        ("Storage.WestEurope:443/tcp", Service(tag="Storage.WestEurope")),
        ("storage", Service(tag="Storage")),
        ("storage.westeurope", Service(tag="Storage.westeurope")),
        ("AZUREFRONTDOOR.FRONTEND:443", Service(tag="AzureFrontDoor.Frontend")),
        ("batchnodemanagement.usgovvirginia/tcp", Service(tag="BatchNodeManagement.usgovvirginia")),
        ("[2606:4700::1]/udp", Address(network=ip_network("2606:4700::1"), protocol="UDP")),
        ("https://[2606:4700::1]/x", Address(network=ip_network("2606:4700::1"))),
        ("storage.com", Host(name="storage.com")),
        ("sql.io:80", Host(name="sql.io", port=80)),
        ("sql.example.com", Host(name="sql.example.com")),
        (f"{STORE}#blob", Endpoint(subresource="blob", resource_id=STORE)),
        (VAULT, Endpoint(subresource="vault", resource_id=VAULT)),
    ],
)
def test_a_destination_is_read_as_people_write_it(text: str, destination: Destination) -> None:
    assert destination_of(text) == destination
    assert in_words(destination)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "names nothing"),
        ("pypi.org:", "is no port"),
        ("pypi.org:0", "is no port"),
        ("pypi.org:99999", "is no port"),
        ("pypi.org:443/quic", "no protocol 'quic'"),
        ("pypi..org", "empty label"),
        ("ftp://pypi.org", "scheme or port is unknown"),
        ("http://pypi.org:port", "scheme or port is unknown"),
        ("a b", "characters"),
        ("1.2.3.4.5/99", "path"),
        ("20.1.2.300", "no host name ends in a number"),
        ("20.1.2.3-20.1.2.9", "no host name ends in a number"),
        ("1.2.3:22", "no host name ends in a number"),
        ("Storag.WestEurope", "no service tag 'Storag'. Did you mean Storage"),
        (STORE, "Choose from: blob"),
        ("/subscriptions/s", "not the id of a resource"),
    ],
)
def test_another_text_is_a_usage_error_that_shows_the_forms(text: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        destination_of(text)


def tags_file(folder: Path) -> Path:
    values = [
        {"name": "Storage", "properties": {"addressPrefixes": ["20.1.0.0/16", "2603:1000::/40"]}},
        {"name": "Sql", "properties": {"addressPrefixes": ["13.0.0.0/16"]}},
    ]
    path = folder / "tags.json"
    path.write_text(json.dumps({"changeNumber": 1, "values": values}), "utf-8")
    return path


def test_the_file_of_service_tags_places_an_address(tmp_path: Path) -> None:
    tags = service_tags(tags_file(tmp_path))
    placed = with_tags(Address(network=ip_network("20.1.2.3")), tags)
    assert placed.tags == frozenset({"storage"})
    assert with_tags(Address(network=ip_network("8.8.8.8")), tags).tags == frozenset()


@pytest.mark.parametrize(
    ("tag", "network", "answer"),
    [
        ("Storage", "20.1.2.3", "allowed"),
        ("Sql", "20.1.2.3", "blocked"),
        ("Storage", "20.0.0.0/15", "unknown"),
        ("Sql", "20.0.0.0/15", "blocked"),
        ("AppService", "20.1.2.3", "unknown"),
    ],
)
def test_a_tag_that_the_file_does_not_decide_is_unknown(
    tag: str, network: str, answer: str, tmp_path: Path
) -> None:
    asked = with_tags(Address(network=ip_network(network)), service_tags(tags_file(tmp_path)))
    rule = OutboundRule(
        type="ServiceTag",
        status="Active",
        action="Allow",
        service_tag=tag,
        protocol="TCP",
        port_ranges="443",
        address_prefixes="",
    )
    assert (
        reach_answer(ManagedNetwork(mode="AllowOnlyApprovedOutbound", rules={"r": rule}), asked).answer
        == answer
    )


@pytest.mark.parametrize(
    "content",
    [
        *("", "{}", "[]", '{"values": 1}', '{"values": [{"name": "x"}]}', "[" * 100_000, '{"values": []}'),
        *('{"values": {}}', '{"values": [{"name": null, "properties": {"addressPrefixes": []}}]}'),
        '{"values": [{"name": "x", "properties": {"addressPrefixes": "20.1.0.0/16"}}]}',
        '{"values": [{"name": "x", "properties": {"addressPrefixes": [1]}}]}',
    ],
)
def test_another_file_of_service_tags_is_named(content: str, tmp_path: Path) -> None:
    path = tmp_path / "tags.json"
    path.write_text(content, "utf-8")
    with pytest.raises(UsageError, match="not Microsoft's file of service tags"):
        service_tags(path)
    with pytest.raises(UsageError, match="Could not read"):
        service_tags(tmp_path / "none.json")


def test_a_prefix_that_is_no_network_is_named(tmp_path: Path) -> None:
    path = tmp_path / "tags.json"
    path.write_text(
        '{"values": [{"name": "Sql", "properties": {"addressPrefixes": ["20.1.0.0/16", "x"]}}]}', "utf-8"
    )
    with pytest.raises(UsageError, match="the service tag Sql has 'x', which is no network"):
        service_tags(path)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reach") / "report"
    assert run("demo", "--quiet", "--output", str(folder))[0] == 0
    return folder


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["mlw-vision-prod", "pypi.org"], 0, "The rule pypi-index opens it."),
        (["MLW-Fraud-Prod", "pypi.org"], 1, "its status is inactive"),
        (["mlw-sandbox-01", "pypi.org"], 3, "the customer's own network decides"),
        (["mlw-churn-20*", "pypi.org"], 3, "2 unknown"),
        (["mlw-scoring-prod", "pypi.org:22"], 1, "No outbound rule in force opens it."),
        (["mlw-vision-prod", "pypi.org:22"], 1, "on ports 80 and 443"),
        (["--reverse", "pypi.org"], 0, "11 of 32 workspaces may reach it; 14 unknown, 7 may not."),
        (["mlw-vision-prod", "pypi.org:80"], 0, "the only workspace asked about may reach it."),
        (["mlw-fraud-prod", "pypi.org"], 1, "the only workspace asked about may not reach it."),
        (
            ["mlw-sandbox-01", "pypi.org"],
            3,
            "it is unknown whether the only workspace asked about may reach it.",
        ),
        (["mlw-churn-20*", "pypi.org"], 3, "no workspace is known to reach it; 2 unknown, 0 may not."),
    ],
)
def test_the_answer_its_reason_and_its_exit_code(
    report: Path, arguments: list[str], code: int, words: str
) -> None:
    found, out, err = run("reach", *arguments, "--from", str(report))
    assert (found, err) == (code, "")
    assert words in out


def test_reverse_leaves_out_the_workspaces_that_are_blocked(report: Path) -> None:
    _, out, _ = run("reach", "--reverse", "pypi.org", "--from", str(report))
    assert " blocked  " not in out
    assert "7 may not" in out


def test_json_lists_every_answer(report: Path) -> None:
    _, out, _ = run("reach", "*", "pypi.org", "--from", str(report), "--json")
    found = json.loads(out)
    assert sum(found["counts"].values()) == len(found["answers"]) == 32
    assert {each["answer"] for each in found["answers"]} == {"allowed", "blocked", "unknown"}


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["mlw-forcast-prod", "pypi.org"], "Did you mean mlw-forecast-prod"),
        (["*"], "Name SOURCE and DESTINATION"),
        (["*", "pypi.org", "--reverse", "pypi.org"], "leave out SOURCE"),
        (["*", "pypi.org", "--live"], "exclude each other"),
        (["*", "pypi.org", "--subscription", "a"], "need --live"),
        (["*", "pypi.org", "--auth", "cli"], "need --live"),
        (["*", "pypi.org", "--service-tags", "none.json"], "Could not read none.json"),
    ],
)
def test_wrong_usage_is_named(report: Path, arguments: list[str], problem: str) -> None:
    code, _, err = run("reach", *arguments, "--from", str(report))
    assert code == 2
    assert problem in err


def test_without_a_report_the_error_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = run("reach", "*", "pypi.org")
    assert code == 2
    assert "Run `azml-audit scan` first" in err


def test_a_bundle_exports_and_azure_give_the_same_answers(report: Path, tmp_path: Path) -> None:
    with served(demo_tenant(), tmp_path) as (_, options, environment):
        bundle = tmp_path / "evidence.zip"
        run("scan", *options, "-q", "-o", str(tmp_path / "r"), "--evidence", str(bundle), env=environment)
        of_azure = run("reach", "*", "pypi.org", "--json", "--live", *options, env=environment)
    of_report = run("reach", "*", "pypi.org", "--json", "--from", str(report))
    of_bundle = run("reach", "*", "pypi.org", "--json", "--from", str(bundle))
    assert of_report[:2] == of_bundle[:2] == of_azure[:2]
    exported = {
        "id": f"/subscriptions/s/resourceGroups/g/providers/{_WORKSPACE}",
        "name": "one",
        "location": "x",
    }
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "workspaces.json").write_text(json.dumps([exported]), "utf-8")
    code, out, _ = run("reach", "one", "pypi.org", "--from", str(tmp_path / "exports"))
    assert (code, "not reported" in out) == (3, True)


_WORKSPACE = "Microsoft.MachineLearningServices/workspaces/one"
