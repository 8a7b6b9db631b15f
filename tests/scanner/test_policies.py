"""Policies from files: found, read, and refused with the file, the path and what is allowed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from checks.errors import PolicyError
from checks.policy.model import CheckSetting, Policy, Waiver
from checks.policy.selectors import Selector
from checks.registry import registry
from scanner.policies import loaded, shipped, starter


def written(folder: Path, text: str, name: str = "mine.yaml") -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


def test_the_shipped_policies_are_valid_and_bear_the_names_of_their_files() -> None:
    assert {"baseline", "internet-outbound"} <= set(shipped())
    for policy in loaded(shipped(), registry()):
        assert policy.policy.name == policy.source
        assert policy.policy.description
        assert policy.checks


def test_availability_keeps_its_severity_under_data_exfiltration() -> None:
    (policy,) = loaded(["data-exfiltration"], registry())
    severities = {each.check.id: each.severity for each in policy.checks}
    of_dependencies = [f"RES0{number}" for number in ("07", "08", "11", "13", "16", "17")]
    about_availability = [*of_dependencies, "OBR003", "OBR009", "END005", "END006"]
    assert {id: severities[id] for id in about_availability} == {
        id: registry()[id].severity for id in about_availability
    }
    assert severities["RES001"] == severities["END001"] == "high"


def test_the_vendor_rule_is_a_policy_of_its_own() -> None:
    (policy,) = loaded(["internet-outbound"], registry())
    assert [each.check.id for each in policy.checks] == ["NET006"]


def test_a_file_chooses_checks_with_severity_and_parameters(tmp_path: Path) -> None:
    text = """
name: mine
checks:
  PEP:
  NET003: {severity: critical, parameters: {min_prefix: 28}}
"""
    (policy,) = loaded([written(tmp_path, text)], registry())
    chosen = {each.check.id: each for each in policy.checks}
    assert set(chosen) == {"PEP001", "PEP002", "PEP003", "PEP004", "PEP005", "NET003"}
    assert chosen["NET003"].severity == "critical"
    assert chosen["NET003"].params.model_dump()["min_prefix"] == 28


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: [", [":1:8: not valid YAML"]),
        ("", ["a mapping", "name, description, checks", "empty"]),
        ("- a", ["a mapping", "a list"]),
        ("name: x\nchecks: {}", ["checks"]),
        ("name: x\nchecks: {NET: }\nextra: 1", ["extra", "allowed here: version, name, description, checks"]),
        ("name: x\nchecks: {NET: {sev: high}}", ["checks.NET.sev", "severity, parameters"]),
        ("name: x\nchecks: {NET: {severity: huge}}", ["checks.NET.severity", "critical"]),
        ("name: x\nchecks: {NET06: }", ["checks.NET06", "NET006", "Families: ", "MVN, NET, OBR, PEP"]),
        ("name: x\nchecks: {NET003: {parameters: {prefix: 3}}}", ["NET003", "prefix", "min_prefix"]),
        ("name: x\nchecks: {NET003: {parameters: {min_prefix: wide}}}", ["min_prefix", "integer"]),
        ("name: x\nchecks:\n  NET: \n  NET: ", [":4:3: not valid YAML: the key 'NET' occurs twice"]),
        ("name: ../x\nchecks: {NET: }", ["name"]),
    ],
)
def test_what_no_policy_may_say_is_refused_by_file_path_and_what_is_allowed(
    tmp_path: Path, text: str, says: list[str]
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(PolicyError) as caught:
        loaded([path], registry())
    for word in [path, *says]:
        assert word in str(caught.value)


PARAMETERS = "name: x\nchecks:\n  NET003:\n    parameters:\n      "
OVERRIDE = "name: x\nchecks: {NET: }\noverrides:\n- where: {kind: hub}\n  checks:\n    "
WAIVER = "name: x\nchecks: {NET: }\nwaivers:\n- reason: r\n  approver: a\n  "


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("name: x\nchecks:\n\tNET: ", "3:1: not valid YAML: "),
        ("name: x\nchecks: [NET\nfail_on: high", "3:8: not valid YAML: "),
        ("- x", "1:1: a policy has to be a mapping"),
        ("name: x", "1:1: (the whole): a policy needs `checks`"),
        ("name: x\nchecks: {NET: }\n\nfail-on: low", "4:1: fail-on: no such key"),
        ("name: x\nchecks:\n  NET:\n    sevrity: low", "4:5: checks.NET.sevrity: no such key"),
        (
            "name: x\nchecks:\n  NET: {severity: hihg}",
            "3:9: checks.NET.severity: there is no 'hihg'. Did you",
        ),
        ("name: x\nchecks:\n  NET:\n  NET06:", "4:3: checks.NET06: there is no check"),
        ("name: x\nchecks: {NET: off}", "2:1: checks: every check is off"),
        (f"{PARAMETERS}prefix: 3", "5:7: checks.NET003.parameters (of NET003): prefix: no such key"),
        (f"{PARAMETERS}min_prefix: 99", "5:7: checks.NET003.parameters (of NET003): min_prefix: Input"),
        (f"{OVERRIDE}NETT:", "6:5: overrides[0].checks.NETT: there is no check"),
        (f"{OVERRIDE}NET003: {{parameters: {{min_prefix: 99}}}}", "6:27: overrides[0].checks.NET003"),
        (f"{WAIVER}check: NET\n  resource: '*'", "4:3: waivers[0].expires: this key is missing"),
        (f"{WAIVER}check: NTE\n  resource: '*'\n  expires: 2027-01-31", "6:3: waivers[0].check: NTE: there"),
        ("name: x\nextends:\n- baseline\n- basline", "4:3: extends: "),
        ("a: &a {NET: , severity: x}\nname: x\nchecks: {NET001: *a}", "1:8: checks.NET001.NET: no such key"),
    ],
)
def test_an_error_begins_with_file_line_and_column(tmp_path: Path, text: str, begins: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(PolicyError) as caught:
        loaded([path], registry())
    lines = str(caught.value).splitlines()
    assert any(line.startswith(f"{path}:{begins}") for line in lines), lines


def test_the_errors_of_a_file_are_in_the_order_of_their_lines(tmp_path: Path) -> None:
    path = written(tmp_path, "name: x\nbefore: 1\nchecks:\n  NET: {severity: hihg}\nafter: 2\nfail_on: awful")
    with pytest.raises(PolicyError) as caught:
        loaded([path], registry())
    assert re.findall(r"yaml:(\d+):", str(caught.value)) == ["2", "4", "5", "6"]


def test_an_error_in_an_extended_file_has_the_place_in_that_file(tmp_path: Path) -> None:
    base = "name: base\nchecks:\n  NET003:\n    parameters: {min_prefix: 99}"
    path = files(tmp_path, mine="name: mine\nextends: base.yaml", base=base)
    with pytest.raises(PolicyError, match=r"base\.yaml:4:18: checks\.NET003\.parameters"):
        loaded([path], registry())


def test_a_policy_that_is_neither_shipped_nor_a_file_names_the_shipped_ones() -> None:
    with pytest.raises(PolicyError, match=r"baseline, .*internet-outbound"):
        loaded(["nowhere"], registry())


def test_a_folder_is_no_policy(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="could not read the file"):
        loaded([str(tmp_path)], registry())


def test_two_policies_of_one_name_are_refused(tmp_path: Path) -> None:
    twin = written(tmp_path, "name: baseline\nchecks: {NET: }")
    with pytest.raises(PolicyError, match="both named"):
        loaded(["baseline", twin], registry())


def files(folder: Path, **texts: str) -> str:
    """Writes `NAME.yaml` for each; the path of the first."""
    paths = [written(folder, text, f"{name}.yaml") for name, text in texts.items()]
    return paths[0]


def test_what_is_extended_lies_beside_the_file_or_is_shipped(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    written(tmp_path / "shared", "name: corp\nextends: ./base.yaml\nchecks: {NET: }", "corp.yaml")
    base = written(tmp_path / "shared", "name: base\nextends: internet-outbound\nfail_on: high", "base.yaml")
    mine = written(tmp_path, "name: mine\nextends: shared/corp.yaml\nchecks: {NET001: off}")
    (policy,) = loaded([mine], registry())
    sources = [layer.source for layer in policy.composition.layers]
    assert [Path(source).name for source in sources] == [
        "internet-outbound",
        "base.yaml",
        "corp.yaml",
        mine[-9:],
    ]
    assert Path(sources[1]).resolve() == Path(base)
    assert all(layer.text for layer in policy.composition.layers)
    assert policy.policy.name == "mine"
    assert policy.composition.fail_on == "high"
    ids = [each.check.id for each in policy.checks]
    assert "NET001" not in ids
    assert "NET006" in ids


@pytest.mark.parametrize(
    ("texts", "circle"),
    [
        ({"a": "name: a\nextends: a.yaml"}, ["a.yaml", "a.yaml"]),
        (
            {"a": "name: a\nextends: b.yaml", "b": "name: b\nextends: ./a.yaml"},
            ["a.yaml", "b.yaml", "a.yaml"],
        ),
        (
            {
                "x": "name: x\nextends: a.yaml",
                "a": "name: a\nextends: b.yaml",
                "b": "name: b\nextends: a.yaml",
            },
            ["a.yaml", "b.yaml", "a.yaml"],
        ),
    ],
)
def test_a_circle_is_refused_and_shown(tmp_path: Path, texts: dict[str, str], circle: list[str]) -> None:
    with pytest.raises(PolicyError, match="in a circle") as caught:
        loaded([files(tmp_path, **texts)], registry())
    way = str(caught.value).partition("circle: ")[2].rstrip(".").split(" -> ")
    assert [Path(step).name for step in way] == circle


def test_a_diamond_is_no_circle_and_its_top_counts_once(tmp_path: Path) -> None:
    top = files(
        tmp_path,
        mine="name: mine\nextends: [left.yaml, right.yaml]",
        left="name: left\nextends: base.yaml\nchecks: {NET001: off}",
        right="name: right\nextends: base.yaml\nchecks: {PEP001: {severity: low}}",
        base="name: base\nchecks: {NET001: , NET002: , PEP001: }\nwaivers:\n- {check: NET002, resource: '*', "
        "reason: r, approver: a, expires: 2027-01-31}",
    )
    (policy,) = loaded([top], registry())
    assert [layer.policy.name for layer in policy.composition.layers] == ["base", "left", "right", "mine"]
    assert [each.check.id for each in policy.checks] == ["NET002", "PEP001"]
    assert len(policy.composition.waivers) == 1


def test_what_is_extended_and_missing_or_wrong_names_its_own_file(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"mine\.yaml:2:1: extends: .*nowhere\.yaml: there is no such"):
        loaded([written(tmp_path, "name: mine\nextends: nowhere.yaml")], registry())
    wrong = files(tmp_path, mine="name: mine\nextends: base.yaml", base="name: base\nchecks: {NOPE: }")
    with pytest.raises(PolicyError, match=r"base\.yaml:2:10: checks\.NOPE"):
        loaded([wrong], registry())


def test_off_as_yaml_reads_it_and_in_quotes_is_off(tmp_path: Path) -> None:
    text = (
        "name: mine\nextends: internet-outbound\nchecks: {NET: , NET006: off, NET001: 'off', NET002: false}"
    )
    (policy,) = loaded([written(tmp_path, text)], registry())
    assert not {"NET001", "NET002", "NET006"} & {each.check.id for each in policy.checks}


def test_the_starter_is_valid_as_it_is_and_with_all_its_examples(tmp_path: Path) -> None:
    plain = written(tmp_path, starter(), "plain.yaml")
    full = written(tmp_path, re.sub(r"(?m)^#:", "", starter()), "full.yaml")
    for path in (plain, full):
        (policy,) = loaded([path], registry())
        assert policy.checks
    said = policy.policy
    assert said.model_fields_set == set(Policy.model_fields)
    overrides, waivers = said.overrides, said.waivers
    assert {key for each in overrides for key in each.where.asks_for} == set(Selector.model_fields)
    assert {key for each in waivers for key in each.model_fields_set} == set(Waiver.model_fields)
    settings = [*said.checks.values(), *(one for each in overrides for one in each.checks.values())]
    assert {key for each in settings for key in each.model_fields_set} == set(CheckSetting.model_fields)
