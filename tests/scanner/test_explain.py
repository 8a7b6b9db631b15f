"""`azml-audit explain`: the picture, the findings by cause, the fixes, and how a workspace is named."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from rich.cells import cell_len

from scanner.questions.explain import without_ids
from scanner.questions.picture import Part, picture
from tests.support.command_line import run
from tests.support.exports import written

WIDE = {"COLUMNS": "80"}
STRAIGHT = {22, 47, 80}
"""The widths of lines that end at the edge of a box."""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("explain") / "report"
    assert run("demo", "--quiet", "--output", str(folder))[0] == 0
    return folder


def explained(report: Path, *arguments: str) -> tuple[int, str, str]:
    return run("explain", *arguments, "--from", str(report), env=WIDE)


def test_a_part_of_the_name_is_enough(report: Path) -> None:
    code, out, _ = explained(report, "pricing")
    assert code == 0
    assert out.startswith("mlw-pricing-prod (Default, westeurope)")
    assert "! *.blob.core.windows.net" in out
    assert "critical OBR005" in out


def test_what_follows_is_below_its_cause_and_nowhere_else(report: Path) -> None:
    _, out, _ = explained(report, "mlw-sandbox-01", "--whole")
    lines = [line.strip() for line in out.splitlines()]
    cause = next(place for place, line in enumerate(lines) if line.startswith("high MVN001"))
    assert lines[cause + 2].startswith("Hence MVN002:")
    assert sum("MVN002" in line for line in lines) == 1


def test_no_line_is_wider_than_the_terminal_and_no_id_is_broken(report: Path) -> None:
    for workspace in ("pricing", "mlw-sandbox-01", "proj-partner-pilot", "support-assistant"):
        _, out, _ = explained(report, workspace, "--whole")
        assert max(map(len, out.splitlines())) <= 80
        assert "/subscriptions/" not in out


def test_a_project_has_the_rules_of_its_hub(report: Path) -> None:
    _, out, _ = explained(report, "proj-support-assistant")
    assert "of the hub" in out
    assert "hub-assistants-" in out
    assert "status Active" in out
    assert "account of ais-assist" in out


def test_a_workspace_without_defects_says_so(report: Path) -> None:
    _, out, _ = explained(report, "mlw-scoring-prod", "--whole")
    assert "May come in" in out


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("mlw-visoin-prod", "Did you mean mlw-vision-prod"),
        ("pricng", "Did you mean mlw-pricing-prod? It has 32 workspaces."),
        ("churn", "  mlw-churn-2019 in rg-"),
        ("mlw", "  and 13 more"),
        ("churn", "2 workspaces have 'churn' in their name"),
        ("", "no workspace ''"),
    ],
)
def test_a_name_of_none_or_many_is_a_usage_error(report: Path, name: str, problem: str) -> None:
    code, _, err = explained(report, name)
    assert code == 2
    assert problem in err


def test_the_picture_has_endpoints_addresses_and_members_and_names_the_check_of_an_opening(
    report: Path,
) -> None:
    _, out, _ = explained(report, "mlw-scoring-prod")
    for words in ("- 20.61.14.0/26", "1 private endpoint", "of Larkfield ML", "1 compute", "! score-public"):
        assert words in out
    _, out, _ = explained(report, "pricing")
    assert "| ! *.azurewebsites.net      |\n" in out
    assert re.search(r"\(OBR005\) +\|\n", out)


def test_every_picture_is_straight(report: Path) -> None:
    for row in csv.DictReader((report / "workspaces.csv").read_text("utf-8").splitlines()):
        code, out, _ = explained(report, row["workspace_id"])
        boxes = [line for line in out.splitlines() if line.endswith(("+", "|"))]
        assert (code, bool(boxes)) == (0, True)
        assert {cell_len(line) for line in boxes} <= STRAIGHT


def test_wide_characters_do_not_bend_the_picture() -> None:
    wide, others = (
        Part(heading="One", lines=("データ科学ワークスペース本番環境", "ab")),
        [Part(heading="Two", lines=())] * 2,
    )
    assert {cell_len(line.rstrip(" >")) for line in picture([wide, *others])} <= STRAIGHT


def test_a_long_host_breaks_after_a_dot() -> None:
    lines = picture(
        [
            *[Part(heading="One", lines=())] * 2,
            Part(heading="Two", lines=("! stpricing.blob.core.windows.net",)),
        ]
    )
    assert any("| ! stpricing.blob.core.     |" in line for line in lines)
    assert any("|   windows.net              |" in line for line in lines)


def test_a_long_word_and_a_control_character_do_not_leave_their_box() -> None:
    lines = picture(
        [Part(heading="One", lines=("x" * 100, "a\x1b[2Jb")), *[Part(heading="Two", lines=())] * 2]
    )
    assert {len(line) <= 80 for line in lines} == {True}
    assert not any("\x1b" in line for line in lines)


def test_ids_in_a_text_are_shown_by_name() -> None:
    text = "Judged by /subscriptions/s/resourceGroups/g/providers/M/workspaces/hub-one. See /subscriptions/s2, too."
    assert without_ids(text) == "Judged by hub-one. See s2, too."


def behind_of(report: Path, name: str) -> list[str]:
    lines = explained(report, name)[1].splitlines()
    start = lines.index("Behind it, each with its own lock:")
    return lines[start + 1 : lines.index("", start)]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mlw-pricing-prod", [["stmlwpricingprod", "kvmlwpricingprod", "crmlwpricingprod"], ["closed"] * 3]),
        ("mlw-churn-2021", [["stmlwchurn2021", "kvmlwchurn2021", "crmlwchurn2021"], ["! open"] * 3]),
        ("mlw-maintenance", [["? not read", "! open", "closed"]]),
        ("mlw-wide-addresses", [["closed"] * 3, ["! perimeter", "! perimeter"], ["Enforced", "Learning"]]),
        ("proj-partner-pilot", [["? not read"] * 3]),
    ],
)
def test_storage_vault_and_registry_are_shown_with_their_own_locks(
    report: Path, name: str, words: list[list[str]]
) -> None:
    lines = behind_of(report, name)
    assert all(heading in lines[0] for heading in ("Storage account", "Key vault", "Container registry"))
    cells = [[cell.strip() for cell in line.split("|") if cell.strip(" +-")] for line in lines]
    assert [row for row in words if row not in cells] == []
    assert max(map(len, lines)) <= 80


def test_one_line_names_what_the_policy_did_not_ask(tmp_path: Path, report: Path) -> None:
    run("demo", "--quiet", "--policy", "internet-outbound", "--output", str(tmp_path / "report"))
    out = explained(tmp_path / "report", "mlw-sandbox-01")[1]
    assert "Behind it" not in out
    assert (
        re.sub(r"\s+", " ", out).count(
            "Not asked by internet-outbound: selected addresses, private endpoints by subscription and state, "
            "storage account, key vault, container registry, computes, endpoints."
        )
        == 1
    )
    _, pricing, _ = explained(tmp_path / "report", "pricing")
    assert "- *.azurewebsites.net" in pricing
    assert "? there may be more rules" in pricing
    assert "rules. `azml-audit explain --live`" in pricing
    assert "Not asked" not in explained(report, "mlw-sandbox-01")[1]


GROUP = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers"


def body(name: str, kind: str, **properties: object) -> dict[str, object]:
    id = f"{GROUP}/Microsoft.MachineLearningServices/workspaces/{name}"
    return {"id": id, "name": name, "location": "westeurope", "kind": kind, "properties": properties}


def test_a_project_lists_what_it_inherits_and_the_summary_counts_the_projects(tmp_path: Path) -> None:
    hub = body("hub", "Hub", publicNetworkAccess="Enabled")
    shared = {"publicNetworkAccess": "Enabled", "hubResourceId": hub["id"]}
    bodies = {f"p{n}.json": body(f"p{n}", "Project", **shared) for n in range(2)}
    folder = written(tmp_path / "in", {"hub.json": hub, **bodies})
    policy = tmp_path / "mine.yaml"
    policy.write_text("version: 1\nname: mine\ndescription: d\nchecks:\n  NET001:\n", encoding="utf-8")
    arguments = ("--from", str(folder), "--policy", str(policy), "--output", str(tmp_path / "out"))
    _, summary, _ = run("scan", *arguments)
    assert "1 of 3 workspaces is open to the internet; 2 Projects inherit it." in summary
    assert "mine: violated; 1 high; score 75.0.\n  2 Projects inherit them from a hub.\n" in summary
    _, of_hub, _ = run("explain", "hub", "--from", str(tmp_path / "out"))
    assert "1 violation. 2 Projects inherit them." in of_hub
    _, out, _ = run("explain", "p1", "--from", str(tmp_path / "out"))
    assert "No finding needs attention" not in out
    inherited = out.partition("Inherited from its hub; fix them there\n")[2].splitlines()
    assert inherited == ["  high NET001 Public network access is disabled: follows from NET001 of hub"]
