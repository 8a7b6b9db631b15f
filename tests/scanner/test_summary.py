"""The end of a scan: 24 lines of 80 columns, and the same result as one line of JSON."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.tenants.generated import generated_tenant
from scanner.emulator.tenants.tenant import Resource, Tenant
from scanner.summary.lines import LINES, Entry, fitted
from tests.support.command_line import COMPLIANT, forbidden, run, scanned, served

NARROW = {"COLUMNS": "80"}
POLICIES = ("baseline", "data-exfiltration", "internet-outbound", "azure-policy", "managed-outbound")


ID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


def end_of(out: str) -> list[str]:
    """Return the lines but for those that name a file, which may be longer than the terminal."""
    lines = out.splitlines()
    assert len(lines) <= 24, out
    return [line for line in lines if not line.startswith(("Report: ", "Evidence: ", "Next: "))]


def scan_of(tenant: Tenant, folder: Path, *extra: str, unread: int = 0) -> tuple[int, str]:
    """Return the exit code and the output of a scan in which the first subscriptions are refused."""
    refused = [str(each["subscriptionId"]) for each in tenant.subscriptions[:unread]]
    faults = [
        Fault(kind=FaultKind.STATUS, status=403, route="workspaces", subscription=each) for each in refused
    ]
    with served(tenant, folder, *faults) as (_, options, environment):
        code, out, _ = run("scan", *options, "-o", str(folder / "r"), *extra, env=environment | NARROW)
    return code, out


def named(*names: str, groups: tuple[str, ...] = ("rg-a",)) -> Tenant:
    """A tenant of workspaces that are open to the internet, with these names in each of the groups."""
    made = generated_tenant(subscriptions=1, workspaces=1, rules=1, seed=5)
    text, old = json.dumps(made.resources[0].body), made.resources[0].body["name"]
    bodies = [
        json.loads(
            text.replace(f"/{old}", f"/{name}")
            .replace(f'"{old}"', f'"{name}"')
            .replace("rg-generated", group)
        )
        for name in names
        for group in groups
    ]
    return replace(made, resources=tuple(Resource(body=body) for body in bodies))


@pytest.mark.parametrize("number", range(1, len(POLICIES) + 1))
def test_the_end_of_a_demo_fits_a_terminal(number: int, tmp_path: Path) -> None:
    chosen = [word for name in POLICIES[:number] for word in ("--policy", name)]
    evidence = ["--evidence", str(tmp_path / "evidence.zip")]
    code, out, _ = run("demo", *chosen, "--output", str(tmp_path / "r"), *evidence, env=NARROW)
    assert code == 0
    assert max(map(len, end_of(out))) <= 80
    assert not re.search("[0-9a-f]{8}-[0-9a-f]{4}", re.sub(ID, "", out)), "an id is broken"
    assert out.startswith("NOT OK: ")
    assert "Fix first" in out
    assert "A scan would exit with code 1" in out


def test_the_end_names_the_worst_and_what_was_not_read(tmp_path: Path) -> None:
    _, out, _ = run("demo", "--output", str(tmp_path / "r"), env=NARROW)
    assert "7 of 32 workspaces are open to the internet, 3 unknown; 3 Projects inherit it." in out
    assert "Not in a normal state: mlw-half-created (Failed)." in out
    assert "mlw-pricing-prod: The rule any-app allows data to leave" in out
    assert "Not read: Larkfield Finance (restricted); 3 gaps (AuthorizationFailed)" in out
    command = out.partition("Grant Reader:")[2].partition("Report:")[0]
    assert " ".join(command.replace("\\\n", " ").split()).startswith(
        "az role assignment create --role Reader"
    )
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


def test_the_answer_counts_workspaces_that_are_open(tmp_path: Path) -> None:
    code, out = scan_of(generated_tenant(subscriptions=1, workspaces=1, rules=1, seed=5), tmp_path)
    assert code == 1
    assert out.startswith("NOT OK: 1 of 1 workspace is open to the internet.\n")
    assert "0 of 1 workspace allows data exfiltration." in out


@pytest.mark.parametrize("unread", [1, 2, 3, 4])
def test_the_command_closes_each_subscription_that_was_not_read(unread: int, tmp_path: Path) -> None:
    tenant = generated_tenant(subscriptions=5, workspaces=4, rules=3)
    code, out = scan_of(tenant, tmp_path, unread=unread)
    ids = [str(each["subscriptionId"]) for each in tenant.subscriptions[:unread]]
    shown = re.findall(ID, out.partition("Grant Reader")[2])
    assert (code, max(map(len, end_of(out))) <= 80) == (1, True)
    assert f"{5 - unread} of 5 subscriptions read" in out
    if unread <= 3:
        assert set(ids) <= set(shown)
        script = out.partition("Grant Reader")[2].partition("\n")[2].partition("Report: ")[0]
        calls = subprocess.run(
            ["bash", "-c", f'az() {{ echo "${{@: -1}} $*"; }}; {script}'],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        assert sorted(set(re.findall("/subscriptions/(\\S+)", " ".join(calls)))) == sorted(ids)
        assert len(calls) == unread
    else:
        assert f"({unread - 1} more in gaps.csv, column closes)" in " ".join(out.split())


def test_without_any_subscription_the_end_says_what_was_not_read_and_what_is_next(tmp_path: Path) -> None:
    tenant = generated_tenant(subscriptions=3, workspaces=2, rules=1)
    code, out = scan_of(tenant, tmp_path, unread=3)
    assert code == 3
    assert out.startswith("INCOMPLETE: no policy is violated, but 3 of 3 subscriptions were not read.\n")
    assert "\nNext: azml-audit doctor\n" in out


def test_a_tenant_without_workspaces_is_no_success_of_theirs(tmp_path: Path) -> None:
    code, out = scan_of(generated_tenant(subscriptions=2, workspaces=0, rules=1), tmp_path)
    assert code == 0
    assert out.startswith("OK: there is no workspace to audit.\n")


def test_the_next_command_names_one_workspace_although_two_have_the_name(tmp_path: Path) -> None:
    _, out = scan_of(named("mlw-twin", groups=("rg-a", "rg-b")), tmp_path)
    assert "  mlw-twin in rg-a: " in out
    command = re.search("^Next: azml-audit (.*)$", out, re.MULTILINE)
    assert command
    assert run(*shlex.split(command[1]), env=NARROW)[0] == 0


def test_wide_characters_and_long_names_leave_room_for_the_reason(tmp_path: Path) -> None:
    _, out = scan_of(named("mlw-データ科学-ワークスペース-本番環境-その一-長い名前", "m" * 90), tmp_path)
    assert max(map(cell_len, end_of(out))) <= 80
    assert out.count("publicNetworkAccess is Enabled") == 2


def test_a_comparison_leaves_the_end_as_short(tmp_path: Path) -> None:
    code, out, _ = run("demo", "--drift", "--output", str(tmp_path / "r"), env=NARROW)
    assert code == 0
    assert max(map(len, end_of(out))) <= 80
    assert "\nSince r-before: " in out


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
ENTRIES = st.builds(
    Entry,
    text=TEXTS,
    tail=st.sampled_from(["", " (3 more)"]),
    indent=st.integers(0, 4),
    spare=st.integers(0, 4),
    least=st.integers(1, 2),
)


@given(st.lists(ENTRIES, max_size=30), st.integers(40, 120))
def test_entries_are_within_the_lines_and_the_width_and_the_needed_ones_are_all_there(
    entries: list[Entry], width: int
) -> None:
    found = fitted(entries, width)
    needed = [entry for entry in entries if not entry.spare]
    assert [entry for entry, _ in found if not entry.spare] == needed
    if len(needed) <= LINES:
        assert sum(len(lines) for _, lines in found) <= LINES
    assert all(cell_len(line) <= width for _, lines in found for line in lines)


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
    sealed = ["--evidence", str(tmp_path / "other.zip")]
    assert run("demo", "--quiet", "--output", str(tmp_path / "r2"), *sealed) == (0, "", "")
    result = json.loads(out)
    assert result["exit_code"] == 1
    assert result["duration_seconds"] > 0
    assert result["coverage"] == {
        "subscriptions": 6,
        "subscriptions_read": 5,
        "subscriptions_left_out": 0,
        "workspaces_left_out": 0,
        "gaps": 3,
    }
    assert result["counts"]["workspaces"] == 32
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
