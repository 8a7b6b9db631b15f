"""`--format` and `azml-audit schema json`, as their users run them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from reports.formats.registry import RENDERERS
from scanner.cli.main import app


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})
    return result.exit_code, result.stdout, result.stderr


def test_the_demo_is_written_in_every_format_and_its_json_is_as_the_schema_says(tmp_path: Path) -> None:
    folder, formats = tmp_path / "report", ",".join(RENDERERS)
    assert run("demo", "--policy", "internet-outbound", "--output", str(folder), "--format", formats)[0] == 0
    named = {"report.html", "findings.csv", "report.json", "report.sarif", "report.ocsf.jsonl", "junit.xml"}
    assert named | {"report.oscal.json", "summary.md", "report.xlsx"} < {
        path.name for path in folder.iterdir()
    }
    code, printed, _ = run("schema", "json")
    assert code == 0
    told = json.loads((folder / "report.json").read_text("utf-8"))
    Draft202012Validator(json.loads(printed)).validate(told)
    assert told["audit"]["is_azure"] is False


def test_formats_add_up_and_the_summary_names_the_folder_where_there_is_no_page(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    code, out, _ = run("demo", "--output", str(folder), "-f", "junit", "-f", "markdown,sarif")
    assert code == 0
    assert {path.name for path in folder.iterdir()} - {".azml-audit-files"} == {
        "findings.parquet",
        "junit.xml",
        "summary.md",
        "report.sarif",
    }
    assert f"Report: {folder}\n" in out


@pytest.mark.parametrize("command", [["demo"], ["scan", "--arm-endpoint", "http://127.0.0.1:9"]])
def test_a_format_there_is_not_ends_the_command_before_anything_is_asked(
    tmp_path: Path, command: list[str]
) -> None:
    code, _, err = run(*command, "--output", str(tmp_path / "report"), "--format", "html,pdf")
    assert code == 2
    assert "There is no format 'pdf'. Formats: html, csv, json" in err
    assert not (tmp_path / "report").exists()
