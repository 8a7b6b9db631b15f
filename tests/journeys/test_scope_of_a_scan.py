"""The scope of a scan as its user gives it: options, a file, reports, evidence, archive, workers and resuming."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.errors import AuditError
from scanner.commands.demo import emulator_connection
from scanner.commands.job import Job
from scanner.commands.scan import scan as scan_job
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.server import Emulator, emulated
from scanner.evidence.statement import AskedFor, scope_members
from scanner.scope.file import STATES, scope_of_options, scope_of_text, tags_of
from scanner.scope.wanted import Wanted
from scanner.terminal import Terminal
from tests.support.command_line import run, served
from tests.support.worlds.scopes import HUB, OWNER, PROJECT, SPEECH, VISION, team_tenant

SCOPE = """\
# the teams of production
resource_groups: [rg-team-*, RG-PLATFORM]
tags:
  env: [prod, prod-*]
exclude:
  states: disabled
"""


def scan(folder: Path, *arguments: str, output: str = "report") -> tuple[int, str, str]:
    with served(team_tenant(), folder) as (_, options, environment):
        whole = ["scan", *options, "--output", str(folder / output), "--policy", "baseline", *arguments]
        return run(*whole, env=environment)


def csv_of(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"{name}.csv", dtype="string", keep_default_na=False)


def test_reports_list_what_is_left_out_with_its_rule(tmp_path: Path) -> None:
    scope = tmp_path / "scope.yaml"
    scope.write_text(SCOPE)
    code, out, err = scan(tmp_path, "--scope", str(scope), "--format", "html,csv,json,markdown,xlsx")
    assert code == 1, err
    assert "1 of 1 subscription read, with 3 workspaces" in out
    assert "The scope leaves out 1 subscription and 3 workspaces (left_out.csv)." in out
    report = tmp_path / "report"
    rules = dict(csv_of(report, "left_out")[["name", "rule"]].to_numpy().tolist())
    assert rules == {
        "Old lab": "exclude.states: Disabled",
        "hub-shared": "tags: env=prod or prod-*",
        "mlw-speech": "tags: env=prod or prod-*",
        "mlw-plain": "tags: env=prod or prod-*",
    }
    assert set(csv_of(report, "subscriptions")["left_out_by"]) == {"", "exclude.states: Disabled"}
    assert set(csv_of(report, "gaps")["code"]) == set()
    document = json.loads((report / "report.json").read_text())
    assert document["population"]["workspaces_left_out"] == 3
    assert document["population"]["subscriptions_left_out"] == 1
    assert document["population"]["workspaces"] == 3
    assert {row["rule"] for row in document["tables"]["left_out"]} == set(rules.values())
    page = (report / "report.html").read_text()
    section = page.partition('id="left-out"')[2].partition('id="gaps"')[0]
    assert "exclude.states: Disabled" in section
    assert "its state is Disabled" in section
    assert SPEECH.id in section
    assert "not judged" in section
    assert PROJECT.id in section
    assert "leaves out 1 subscription and 3 workspaces" in (report / "summary.md").read_text()


def test_a_hub_that_is_left_out_is_not_judged_and_says_for_whom_it_was_read(tmp_path: Path) -> None:
    scan(tmp_path, "--resource-group", "rg-team-a", "--format", "html,csv,json")
    report = tmp_path / "report"
    assert HUB.id not in set(csv_of(report, "findings")["workspace_id"])
    assert "hub-shared (left out by the scope, not judged)" in (report / "report.html").read_text()
    hub = csv_of(report, "workspaces").set_index("workspace").loc["hub-shared"]
    assert hub["left_out_by"] == "resource_groups: rg-team-a"
    assert json.loads((report / "report.json").read_text())["population"]["workspaces"] == 2


@pytest.mark.parametrize(
    "rule",
    [
        ("--resource-group", "rg-teem-a"),
        ("--tag", "env=none*", "--exclude-state", "Disabled", "--resource-group", "rg-team-a"),
        ("--exclude-state", "enabled", "--exclude-quota-id", "MSDN*"),
    ],
)
def test_a_scope_that_matches_nothing_exits_3_and_keeps_the_earlier_report(
    rule: tuple[str, ...], tmp_path: Path
) -> None:
    code, out, err = scan(tmp_path, *rule, output="new")
    assert code == 3
    assert rule[1].rstrip("*").lower() in err.lower()
    assert "NothingInScope" in out
    assert "compliant" not in out
    scan(tmp_path, output="old")
    before = (tmp_path / "old" / "findings.csv").read_bytes()
    code, out, err = scan(tmp_path, *rule, output="old")
    assert code == 3
    assert rule[1].rstrip("*").lower() in err.lower()
    assert "still has the earlier report" in err
    assert (tmp_path / "old" / "findings.csv").read_bytes() == before


def test_a_scope_file_is_sealed_verified_and_replayed(tmp_path: Path) -> None:
    scope, bundle = tmp_path / "scope.yaml", tmp_path / "bundle"
    scope.write_text(SCOPE + f"# ask {OWNER}\n")
    scan(tmp_path, "--scope", str(scope), "--evidence", str(bundle), "--format", "csv")
    asked = json.loads((bundle / "statement.json").read_text())["told"]["asked_for"]
    assert asked["tags"] == {"env": ["prod", "prod-*"]}
    assert asked["scope_file"].startswith("# the teams of production\n")
    assert OWNER not in (bundle / "statement.json").read_text()
    code, out, _ = run("verify", str(bundle))
    assert code == 0, out
    code, out, _ = run(
        "scan", "--from", str(bundle), "--output", str(tmp_path / "again"), "--policy", "baseline"
    )
    assert "The scope leaves out 1 subscription and 3 workspaces" in out
    for name in ("findings", "left_out", "subscriptions", "workspaces"):
        again, first = tmp_path / "again" / f"{name}.csv", tmp_path / "report" / f"{name}.csv"
        assert again.read_bytes() == first.read_bytes()


def test_workers_honour_the_scope(tmp_path: Path) -> None:
    arguments = ("--resource-group", "rg-team-a", "--tag", "env=prod*", "--format", "csv")
    scan(tmp_path, *arguments, output="alone")
    code, _, err = scan(tmp_path, *arguments, "--workers", "2", output="together")
    assert code == 1, err
    for name in ("findings", "left_out", "workspaces", "outbound_rules"):
        assert csv_of(tmp_path / "alone", name).equals(csv_of(tmp_path / "together", name))


def test_a_scan_is_resumed_with_its_own_scope_only(tmp_path: Path) -> None:
    slow = Fault(kind=FaultKind.LATENCY, route="outboundRules", seconds=60)
    kept = tmp_path / ".report.payloads"
    arguments = ["--output", str(tmp_path / "report"), "--policy", "baseline"]
    with served(team_tenant(), tmp_path, slow) as (_, options, environment):
        run("scan", *options, *arguments, "--tag", "env=prod*", "--deadline", "3", env=environment)
        assert kept.exists()
        answers = kept.read_bytes()
        other = ["--tag", "env=dev", "--resume"]
        code, _, err = run("scan", *options, *arguments, *other, env=environment)
        assert code == 2
        assert "has another scope" in err
        assert kept.read_bytes() == answers
        own = ["--tag", "ENV=Prod*", "--resume", "--deadline", "2"]
        assert "another scope" not in run("scan", *options, *arguments, *own, env=environment)[2]


def test_every_rule_is_another_series_of_an_archive(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    rules = [
        ("--tag", "env=prod*"), ("--tag", "env=dev"), ("--resource-group", "rg-team-a"),
        ("--exclude-state", "Disabled"), ("--exclude-quota-id", "MSDN*"), ("--exclude-management-group", "sandbox"),
    ]  # fmt: skip
    with served(team_tenant(), tmp_path) as (_, options, environment):
        for number, rule in enumerate([*rules, rules[0]]):
            places = [
                "--archive",
                str(archive),
                "--output",
                str(tmp_path / f"report{number}"),
                "--format",
                "csv",
            ]
            run("scan", *options, *places, *rule, env=environment)
    lines = [json.loads(line) for line in (archive / "index.jsonl").read_text().splitlines()]
    scopes = [line["scope"] for line in lines]
    assert len(set(scopes[:-1])) == len(rules)
    assert scopes[0] == scopes[-1]
    assert run("history", str(archive), "verify")[0] == 0


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "exclude:\n  stats: [Disabled]\n",
            r"scope\.yaml:2:3: exclude\.stats: no such key; .*Did you mean states\?",
        ),
        ("exclude:\n  states: [Disabeld]\n", r"scope\.yaml:2:12: .*Did you mean Disabled\?"),
        (
            "resource_group: x\n",
            r"scope\.yaml:1:1: resource_group: no such key; .*Did you mean resource_groups",
        ),
        ("resource_groups: []\n", r"scope\.yaml:1:1: resource_groups: .*at least 1 item"),
        ("tags: {env: 1}\n", r"scope\.yaml:1:8: tags\.env.*write it in quotes"),
        ("tags: {env: a, ENV: b}\n", r"scope\.yaml:1:1: tags: the tag env occurs twice"),
        ("tags: [env]\n", r"scope\.yaml:1:1: tags: "),
        ("management_groups: 'corp*'\n", r"scope\.yaml:1:1: management_groups.*without wildcards"),
        ("subscriptions: [a\n", r"scope\.yaml:\d+:\d+: not valid YAML"),
        ("", "a scope file is a mapping with at least one of the keys tenants, subscriptions"),
        ("- a\n", "a scope file is a mapping"),
        ("subscriptions: a\nsubscriptions: b\n", r"scope\.yaml:2:1: .*occurs twice"),
    ],
)
def test_an_error_in_a_scope_file_names_the_place_and_what_to_do(
    text: str, problem: str, tmp_path: Path
) -> None:
    scope = tmp_path / "scope.yaml"
    scope.write_text(text)
    code, _, err = run("scan", "--scope", str(scope), "--output", str(tmp_path / "report"))
    assert code == 2
    assert re.search(problem, " ".join(err.split())), err


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--scope", "absent.yaml"), r"--scope absent\.yaml: could not read the file: No such file"),
        (
            ("--scope", "x.yaml", "--tag", "a=b", "--resource-group", "c"),
            r"Move --resource-group, --tag into the file",
        ),
        (("--tag", "prod"), r"--tag prod: write the name of a tag, = and a glob"),
        (("--tag", "env= "), r"--tag env= : write the name of a tag"),
        (
            ("--exclude-state", "Disable"),
            r"--exclude-state: there is no state 'Disable'\. Did you mean Disabled",
        ),
        (("--exclude-management-group", "sand*"), r"--exclude-management-group: .*without wildcards"),
        (("--resource-group", " "), r"--resource-group: "),
        (("--from", "bundle", "--tag", "a=b"), r"--tag: not allowed with --from"),
        (("--from", "a", "--from", "b"), r"--from is given more than once: a, b\. Name one\."),
        (("--from", ""), r"The path is empty"),
    ],
)
def test_an_error_in_an_option_names_it_and_what_to_do(
    arguments: tuple[str, ...], problem: str, tmp_path: Path
) -> None:
    code, _, err = run("scan", "--output", str(tmp_path / "report"), *arguments)
    assert code == 2
    assert re.search(problem, " ".join(err.split())), err


WORDS = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=6)
LISTS = st.lists(WORDS, min_size=1, max_size=3)
SCOPES = st.fixed_dictionaries(
    {},
    optional={
        "subscriptions": LISTS,
        "management_groups": LISTS,
        "resource_groups": LISTS,
        "tags": st.dictionaries(WORDS.map(str.lower), LISTS, min_size=1, max_size=3),
        "exclude": st.fixed_dictionaries(
            {},
            optional={
                "subscriptions": LISTS,
                "management_groups": LISTS,
                "states": st.lists(st.sampled_from(STATES), min_size=1, max_size=2),
                "quota_ids": LISTS,
            },
        ),
    },
).filter(bool)


@given(document=SCOPES)
def test_a_file_and_the_options_give_one_scope_and_a_statement_keeps_it(document: dict[str, object]) -> None:
    in_file = scope_of_text(json.dumps(document), "scope.yaml")
    excluded = document.get("exclude", {})
    assert isinstance(excluded, dict)
    words: dict[tuple[str, ...], object] = {
        (name,): value for name, value in document.items() if name not in ("tags", "exclude")
    }
    words |= {("exclude", name): value for name, value in excluded.items()}
    tags = document.get("tags", {})
    assert isinstance(tags, dict)
    listed = [f"{name}={glob}" for name, globs in tags.items() for glob in globs]
    assert scope_of_options(words, tags_of(listed)).rules == in_file.rules  # type: ignore[arg-type]
    asked = AskedFor(**scope_members(in_file), kinds=[], members=[], discovery="arm")
    assert AskedFor.model_validate_json(asked.model_dump_json()).wanted.digest == in_file.digest


@given(text=st.text())
def test_any_text_is_a_scope_or_an_error_of_ours(text: str) -> None:
    try:
        found = scope_of_text(text, "scope.yaml")
    except AuditError as error:
        found = None
        message = str(error)
    assert found.rules if found else "scope.yaml" in message


def test_a_digest_covers_every_rule() -> None:
    plain = scope_of_options({("subscriptions",): ["a"]}, {})
    assert plain.rules.keys() == scope_members(plain).keys() - {"scope_file", "excluded_subscriptions"} | {
        "excluded"
    }


def test_what_left_the_scope_is_not_comparable_and_never_fixed(tmp_path: Path) -> None:
    with served(team_tenant(), tmp_path) as (_, options, environment):
        for name, rule in (("before", ()), ("after", ("--tag", "env=prod*", "--exclude-state", "Disabled"))):
            places = ["--output", str(tmp_path / name), "--policy", "baseline", "--format", "csv"]
            run("scan", *options, *places, *rule, env=environment)
    output = tmp_path / "drift"
    run("diff", str(tmp_path / "before"), str(tmp_path / "after"), "--output", str(output))
    findings = pd.read_csv(output / "drift_findings.csv", dtype="string", keep_default_na=False)
    gone = findings[findings["change"].isin(["gone", "fixed", "newly unknown"])]
    assert gone["workspace_id"].tolist() == []
    workspaces = pd.read_csv(output / "drift_workspaces.csv", dtype="string", keep_default_na=False)
    why = workspaces.loc[workspaces["workspace_id"].eq(SPEECH.id), "why"].tolist()
    assert any("leaves it out: tags: env=prod*" in each for each in why), why


def test_the_index_of_an_archive_closes_no_violation_that_left_the_scope(tmp_path: Path) -> None:
    archive, tenant = tmp_path / "archive", team_tenant()
    moved = tuple(
        replace(each, body=each.body | {"tags": {"env": "dev"}}) if each.id == VISION.id else each
        for each in tenant.resources
    )
    for number, each in enumerate([tenant, replace(tenant, resources=moved)]):
        with emulated(each) as emulator:
            scan_of_production(emulator, archive, tmp_path / f"report{number}")
    first, second = (json.loads(line) for line in (archive / "index.jsonl").read_text().splitlines())
    assert first["scope"] == second["scope"]
    vision = {each["id"] for each in first["opened"] if each["workspace"] == VISION.id.lower()}
    assert vision
    assert not vision & {each["id"] for each in second["closed"]}


def scan_of_production(emulator: Emulator, archive: Path, output: Path) -> None:
    job = Job(
        output=output,
        policies=("baseline",),
        formats=("csv",),
        wanted=Wanted(tags={"env": ("prod*",)}),
        archive=str(archive),
        quiet=True,
        is_demonstration=True,
    )
    assert scan_job(job, lambda: emulator_connection(emulator), Terminal()) == 1


def test_verify_compares_the_scope_with_the_one_expected(tmp_path: Path) -> None:
    scope, bundle = tmp_path / "scope.yaml", tmp_path / "bundle"
    scope.write_text(SCOPE)
    scan(tmp_path, "--scope", str(scope), "--evidence", str(bundle))
    code, out, _ = run("verify", str(bundle), "--expect-scope", str(scope))
    assert code == 0, out
    code, out, _ = run("verify", str(bundle), "--expect-scope", "everything")
    assert code == 1
    assert "The scope everything is expected, with tags none" in out
    (tmp_path / "expected.yaml").write_text("scope: other.yaml\n")
    (tmp_path / "other.yaml").write_text(SCOPE.replace("prod-*", "dev"))
    code, out, _ = run("verify", str(bundle), "--expect", str(tmp_path / "expected.yaml"))
    assert code == 1
    assert "with tags {'env': ['dev', 'prod']}" in out
    code, out, _ = run("verify", str(bundle), "--report", str(tmp_path / "paper.md"))
    assert "subscriptions 1, workspaces 3" in out
    assert "Rule of the scope: `resource_groups" in (tmp_path / "paper.md").read_text()
    code, _, err = run("verify", str(bundle), "--expect-scope", str(tmp_path / "absent.yaml"))
    assert code == 2
    assert "absent.yaml: could not read the file" in err
