"""The reach box of the page gives the same answers, rules and reasons as the Python engine."""

from __future__ import annotations

import json
import random
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from checks.contract.tables import Tables
from checks.network.reach_answers import ManagedNetwork, reach_answer
from checks.network.service_tags import SHARED_TAGS, SINGLE_SERVICE_TAGS
from reports.literals import az_literal
from reports.page.networks import fleet
from scanner.errors import UsageError
from scanner.questions.destinations import destination_of
from tests.support.audits.audits import audit_of, html_of
from tests.support.audits.tenants import HOSTILE_NAMES, project_row, workspace_row

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.conftest import Opener

pytestmark = pytest.mark.browser

SEED = 17
WORKSPACES = 60
GROUP = "/subscriptions/s/resourceGroups/g/providers"
TARGETS = (
    (f"{GROUP}/Microsoft.Storage/storageAccounts/sa", "blob"),
    (f"{GROUP}/Microsoft.Storage/storageAccounts/sa", "file"),
    (f"{GROUP}/Microsoft.KeyVault/vaults/kv", "vault"),
    (f"{GROUP}/Microsoft.Sql/servers/db", "sqlServer"),
    (f"{GROUP}/Microsoft.Network/applicationGateways/gw", "front"),
    (f"{GROUP}/Microsoft.CognitiveServices/accounts/ai", "account"),
    ("no id", "blob"),
    (None, None),
)
HOSTS = (
    "pypi.org", "*.pypi.org", "files.pypi.org", "sa.blob.core.windows.net", "*.blob.core.windows.net", "*",
    "kv.vault.azure.net", "vscode.blob.core.windows.net", "mcr.microsoft.com", "contoso.azurewebsites.net",
    "db.database.windows.net", "ai.openai.azure.com", "PyPI.org.", "bücher.example", "*contoso.example",
    "a.contoso.example", "portal.azure.com", "x.azurefd.net", "contoso.servicebus.windows.net",
)  # fmt: skip
PLACES = (
    *HOSTS, "20.1.2.3", "20.1.0.0/16", "10.0.0.4", "100.64.1.1", "198.51.100.7", "0.0.0.0/0", "224.0.0.1", "8.8.8.8",
    "[2603:1030::1]", "2603:1030::/32", "::1", "fd00::/8", "::ffff:20.1.2.3", "::ffff:0:0/96",
    "Storage", "Storage.WestEurope", "AzureMonitor", "Internet",
    "AzureFrontDoor.Frontend", "AzureFrontDoor", "AzureCloud", "LogicApps",
    "storage", "storage.westeurope", "STORAGE.northeurope", "storage.com",
    "0.0.0.0/1", "10.0.0.0/7", "20.0.0.0/8", "*.contoso.example", "VirtualNetwork", "Sql.EastUS", "https://pypi.org/simple",
    f"{GROUP}/Microsoft.Storage/storageAccounts/SA#blob", f"{GROUP}/Microsoft.KeyVault/vaults/kv",
)  # fmt: skip
TAGS = [tag.rstrip("*") for tag in (*SHARED_TAGS, *SINGLE_SERVICE_TAGS)]
ENDINGS = ("", "", ":80", ":22", ":443/tcp", "/udp", ":8080/tcp", "/icmp")
NO_DESTINATION = (
    "",
    "a b",
    "x:99999",
    "pypi.org/http",
    "..",
    "ftp://pypi.org",
    "/subscriptions/x",
    "a*b.example",
    "300.1.1.1:x",
    "300.1.1.1",
    "Storag.WestEurope",
    "fe80::1%eth0",
)


def a_rule(draw: random.Random, owner: str, number: int) -> dict[str, Any]:
    target, part = draw.choice(TARGETS)
    return {
        "rule_id": f"{owner}/outboundRules/r{number}",
        "workspace_id": owner,
        "rule": f"r{number}",
        "type": draw.choice(["FQDN", "ServiceTag", "ServiceTag", "PrivateEndpoint", "SomethingNew", None]),
        "category": "UserDefined",
        "status": draw.choice(["Active", "Active", "Active", "Inactive", "Failed", "Odd", None]),
        "action": draw.choice(["Allow", "Allow", "Allow", "Deny", "Odd", None, ""]),
        "fqdn": draw.choice([*HOSTS, None]),
        "service_tag": draw.choice([*TAGS, "Storage.WestEurope", None]),
        "protocol": draw.choice(["TCP", "TCP", "*", "UDP", "ICMP", "odd", None]),
        "port_ranges": draw.choice(["443", "80,443", "*", "1-1024", "22-80, 8080", "no ports", None]),
        "address_prefixes": draw.choice(
            [
                "",
                "",
                "",
                "20.1.0.0/16",
                "20.1.2.0/24, 10.0.0.0/8",
                "0.0.0.0/0",
                "odd",
                "20.1.2.3, odd",
                "2603::/16",
                "::ffff:20.1.0.0/112",
                "0.0.0.0/1, 128.0.0.0/1",
                "20.0.0.0/9,20.128.0.0/9",
                None,
            ]
        ),
        "service_resource_id": target,
        "subresource_target": part,
    }


def a_tenant(draw: random.Random) -> Tables:
    modes = ["AllowOnlyApprovedOutbound"] * 5 + ["AllowInternetOutbound", "Disabled", "SomethingNew", None]
    workspaces = [
        {
            **workspace_row(number),
            "kind": "Default",
            "isolation_mode": draw.choice(modes),
            "managed_network_reported": True,
            "outbound_rules_known": draw.random() < 0.9,
        }
        for number in range(WORKSPACES)
    ]
    rules = [
        a_rule(draw, workspace["workspace_id"], number)
        for workspace in workspaces
        for number in range(draw.randrange(4))
    ]
    projects = [
        project_row(0, workspaces[0]),
        {**project_row(1, workspaces[1]), "hub_resource_id": f"{GROUP}/gone"},
    ]
    return Tables.of(workspaces=[*workspaces, *projects], outbound_rules=rules)


def questions(draw: random.Random, count: int) -> list[str]:
    return [draw.choice(PLACES) + draw.choice(ENDINGS) for _ in range(count)]


def parsed(question: str) -> Any:
    try:
        return destination_of(question)
    except UsageError:
        return None


ASK = """(questions) => questions.map((question) => {
  try {
    return azmlAudit.reachAnswers(question).map(({ workspace, answer, rule, reason }) =>
      [azmlAudit.idOf(workspace).toLowerCase(), answer, rule, reason]);
  } catch { return null; }
})"""


def opened(opener: Opener, tables: Tables) -> Page:
    page = opener(html_of(audit_of(tables)).encode())
    page.wait_for_selector("html[data-ready]", state="attached")
    return page


def test_the_page_answers_as_the_engine_does_for_thousands_of_triples(browser_page: Opener) -> None:
    draw = random.Random(SEED)
    tables = a_tenant(draw)
    asked = sorted({*PLACES, *questions(draw, 160)})
    networks = fleet(tables).networks
    answers = opened(browser_page, tables).evaluate(ASK, asked)
    wrong, seen = [], set()
    for question, found in zip(asked, answers, strict=True):
        destination = parsed(question)
        if destination is None or found is None:
            assert destination is found is None, question
            continue
        for id, *answer in found:
            expected = reach_answer(networks[id], destination)
            seen.add(expected.answer)
            if answer != [expected.answer, expected.rule, expected.reason]:
                wrong.append((question, answer, expected))
    assert wrong == []
    assert seen == {"allowed", "blocked", "unknown"}
    assert sum(len(found) for found in answers if found) > 2_000


def test_texts_that_are_no_destination_are_refused_with_the_forms(browser_page: Opener) -> None:
    page = opened(browser_page, a_tenant(random.Random(SEED)))
    assert page.evaluate(ASK, list(NO_DESTINATION)) == [None] * len(NO_DESTINATION)
    assert [parsed(text) for text in NO_DESTINATION] == [None] * len(NO_DESTINATION)
    page.fill("#reach-input", "x:99999")
    page.keyboard.press("Enter")
    assert "no port from 1 to 65535" in page.locator("#reach-answer").inner_text()


def test_the_box_counts_names_and_links(browser_page: Opener) -> None:
    tables = a_tenant(random.Random(SEED))
    page = opened(browser_page, tables)
    page.fill("#reach-input", "Storage")
    page.keyboard.press("Enter")
    total = len(tables.workspaces)
    assert f"of {total} workspaces may reach it" in page.locator("#reach-answer").inner_text()
    assert "reach=Storage" in page.evaluate("location.hash")
    counts = page.locator("#reach-answer .answers > details > summary").all_inner_texts()
    assert sum(int(each.rpartition(" ")[2]) for each in counts) == total
    page.locator("#reach-answer .names a:visible").first.click()
    page.locator("#workspace-title").wait_for()
    assert json.dumps(page.locator("#workspace-title").inner_text())


CLOSING = """(questions) => questions.map((question) => {
  try {
    return azmlAudit.reachAnswers(question).filter(({ answer }) => answer === "allowed")
      .map((each) => [azmlAudit.idOf(each.workspace).toLowerCase(), azmlAudit.closingCommands(each)]);
  } catch { return []; }
})"""

SETTLING = """(questions) => questions.map((question) => {
  try {
    return azmlAudit.reachAnswers(question).filter(({ answer }) => answer === "unknown")
      .map((each) => [each.reason, ...azmlAudit.settlingOf(each, question)]);
  } catch { return []; }
})"""


def after(network: ManagedNetwork, commands: str) -> ManagedNetwork:
    """Return the managed network after the commands. A rule that Azure did not put in force may be in force then."""
    lines = [shlex.split(line, comments=True) for line in commands.splitlines()]
    removed = {words[words.index("--rule") + 1] for words in lines if "remove" in words}
    is_stricter = any("AllowOnlyApprovedOutbound" in word for words in lines for word in words)
    rules = {name: rule for name, rule in network.rules.items() if name not in removed}
    if not is_stricter:
        return replace(network, rules=rules)
    in_force = {name: replace(rule, status="Active") for name, rule in rules.items()}
    return replace(network, mode="AllowOnlyApprovedOutbound", rules=in_force)


def test_after_its_commands_no_workspace_may_reach_the_destination(browser_page: Opener) -> None:
    draw = random.Random(SEED + 1)
    tables = a_tenant(draw)
    asked = sorted(set(questions(draw, 120)))
    networks = fleet(tables).networks
    closed = 0
    for question, answers in zip(asked, opened(browser_page, tables).evaluate(CLOSING, asked), strict=True):
        for id, commands in answers:
            assert commands, (question, id)
            assert reach_answer(after(networks[id], commands), parsed(question)).answer != "allowed", (
                question,
                id,
                commands,
            )
            closed += 1
    assert closed > 200


def test_every_unknown_answer_says_what_settles_it(browser_page: Opener) -> None:
    draw = random.Random(SEED + 2)
    asked = sorted(set(questions(draw, 60)))
    found = [each for some in opened(browser_page, a_tenant(draw)).evaluate(SETTLING, asked) for each in some]
    assert len(found) > 300
    assert [each for each in found if not each[1].endswith(".") or "undefined" in "".join(each)] == []


def test_a_rule_of_azures_own_has_no_command(browser_page: Opener) -> None:
    tables = Tables.of(
        workspaces=[
            {
                **workspace_row(0),
                "kind": "Default",
                "isolation_mode": "AllowOnlyApprovedOutbound",
                "managed_network_reported": True,
                "outbound_rules_known": True,
            }
        ],
        outbound_rules=[
            {
                "rule_id": f"{workspace_row(0)['workspace_id']}/outboundRules/monitor",
                "workspace_id": workspace_row(0)["workspace_id"],
                "rule": "monitor",
                "type": "ServiceTag",
                "category": "Required",
                "status": "Active",
                "action": "Allow",
                "service_tag": "AzureMonitor",
                "protocol": "TCP",
                "port_ranges": "443",
                "address_prefixes": "",
            }
        ],
    )
    page = opened(browser_page, tables)
    page.fill("#reach-input", "AzureMonitor")
    page.keyboard.press("Enter")
    answer = page.locator("#reach-answer")
    assert "1 by rules of Azure's own. No command of this page closes it" in answer.inner_text()
    assert answer.locator("pre").count() == 0


def test_a_word_for_the_shell_is_the_same_as_in_python(browser_page: Opener) -> None:
    words = [*HOSTILE_NAMES, *HOSTS, "", "-x", "@file", "it's", "a b", "$HOME", "x\u202ey", "ü"]
    page = opened(browser_page, a_tenant(random.Random(SEED)))
    assert page.evaluate("(words) => words.map(azmlAudit.shellWord)", words) == [
        az_literal(word) for word in words
    ]
