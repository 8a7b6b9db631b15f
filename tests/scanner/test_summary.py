"""The end of a scan: 24 lines of 80 columns, and the same result as one line of JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from scanner.emulator.tenants.generated import generated_tenant
from scanner.emulator.tenants.tenant import Tenant
from tests.support.command_line import COMPLIANT, forbidden, run, scanned, served

NARROW = {"COLUMNS": "80"}
POLICIES = ("baseline", "data-exfiltration", "internet-outbound", "azure-policy", "managed-outbound")


def end_of(out: str) -> list[str]:
    """Return the lines but for those that name a file, which may be longer than the terminal."""
    lines = out.splitlines()
    assert len(lines) <= 24, out
    return [line for line in lines if not line.startswith(("Report: ", "Evidence: ", "Next: "))]


@pytest.mark.parametrize("number", range(1, len(POLICIES) + 1))
def test_the_end_of_a_demo_fits_a_terminal(number: int, tmp_path: Path) -> None:
    chosen = [word for name in POLICIES[:number] for word in ("--policy", name)]
    evidence = ["--evidence", str(tmp_path / "evidence.zip")]
    code, out, _ = run("demo", *chosen, "--output", str(tmp_path / "r"), *evidence, env=NARROW)
    assert code == 0
    assert max(map(len, end_of(out))) <= 80
    assert out.startswith("NOT OK: ")
    assert "Fix first" in out
    assert "A scan would exit with code 1" in out


def test_the_end_names_the_worst_and_what_was_not_read(tmp_path: Path) -> None:
    _, out, _ = run("demo", "--output", str(tmp_path / "r"), env=NARROW)
    assert "mlw-pricing-prod: The rule any-app allows data to leave" in out
    assert "Not read: Larkfield Finance (restricted); 3 gaps (AuthorizationFailed)" in out
    command = out.partition("Grant Reader:")[2].partition("Report:")[0]
    assert " ".join(command.replace("\\\n", " ").split()).startswith("az role assignment create --assignee")
    assert f"Next: azml-audit explain mlw-pricing-prod --from {tmp_path / 'r'}" in out


@pytest.mark.parametrize("policy", POLICIES)
def test_the_terminal_and_the_page_name_the_same_fixes_first(policy: str, tmp_path: Path) -> None:
    _, out, _ = run("demo", "--policy", policy, "--output", str(tmp_path / "r"), env=NARROW)
    shown = re.findall(r"^  ([A-Z]{3}\d{3}) ", out.partition("Fix first")[2], re.MULTILINE)
    page = (tmp_path / "r" / "report.html").read_text()
    section = page.partition('<section id="fixes"')[2].partition("</section>")[0]
    on_the_page = [re.search(r'href="#check-(\w+)"', part)[1] for part in section.split("<h3>")[1:]]  # type: ignore[index]
    assert shown
    assert shown == on_the_page[:3]


@pytest.mark.parametrize(
    ("tenant", "word", "code"),
    [(COMPLIANT, "OK: ", 0), (generated_tenant(subscriptions=1, workspaces=1, rules=1, seed=1), "", None)],
)
def test_singular_plural_and_the_word_for_the_verdict(
    tenant: Tenant, word: str, code: int | None, tmp_path: Path
) -> None:
    found, out, _ = scanned(tenant, tmp_path)
    assert out.startswith(word)
    assert code in (None, found)
    assert "1 of 1 subscription read" in out
    assert "1 workspaces" not in out
    assert "1 outbound rules" not in out


def test_a_gap_without_a_violation_is_incomplete(tmp_path: Path) -> None:
    tenant = generated_tenant(subscriptions=2, workspaces=5, rules=2, seed=0)
    with served(tenant, tmp_path, forbidden(tenant)) as (_, options, environment):
        policy = tmp_path / "policy.yaml"
        policy.write_text("version: 1\nname: lenient\nfail_on: critical\nchecks: {NET001: {severity: low}}\n")
        arguments = ["scan", *options, "-o", str(tmp_path / "r"), "-p", str(policy)]
        code, out, _ = run(*arguments, env=environment | NARROW)
    assert code == 3
    assert out.startswith("INCOMPLETE: ")


def test_result_is_one_line_of_json_and_nothing_else(tmp_path: Path) -> None:
    bundle = tmp_path / "e.zip"
    place = ["--output", str(tmp_path / "r"), "--evidence", str(bundle)]
    code, out, err = run("demo", "--quiet", *place, "--result", "-")
    assert (code, err, out.count("\n")) == (0, "", 1)
    result = json.loads(out)
    assert result["exit_code"] == 1
    assert result["coverage"] == {
        "subscriptions": 6,
        "subscriptions_read": 5,
        "subscriptions_left_out": 0,
        "workspaces_left_out": 0,
        "gaps": 3,
    }
    assert result["counts"]["workspaces"] == 28
    assert result["verdicts"][0]["verdict"] == "violated"
    assert set(result["files"]) >= {"report.html", "findings.csv"}
    assert run("verify", str(bundle), "--root", result["root_digest"])[0] == 0
    again = run("report", str(bundle), "--quiet", "--output", str(tmp_path / "again"), "--result", "-")[1]
    assert json.loads(again)["verdicts"] == result["verdicts"]


def test_result_in_a_file_and_a_place_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    assert run("demo", "--quiet", "--output", str(tmp_path / "r"), "--result", str(file)) == (0, "", "")
    assert json.loads(file.read_text())["exit_code"] == 1
    code, _, err = run("demo", "--output", str(tmp_path / "r2"), "--result", str(tmp_path / "no" / "file"))
    assert code == 2
    assert "no place for a file" in err
    assert not (tmp_path / "r2").exists()
