"""What verify says of bundles that somebody altered and whose every digest was made to fit again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from scanner.emulator.tenants.generated import generated_tenant
from scanner.errors import EvidenceError
from scanner.evidence.manifest import SealedFile, manifest_of
from scanner.evidence.packing import pack
from scanner.evidence.replaying import sealed
from scanner.evidence.statement import ScanRecord
from scanner.version import VERSION
from tests.support.command_line import run
from tests.support.evidence import forged_zips
from tests.support.evidence.bundles import refitted, scan_of, sealed_anew, verified, wrong
from tests.support.evidence.forging import Forger

TENANT = generated_tenant(subscriptions=2, workspaces=2, rules=2, seed=4)
BOMB = f"[{'{},' * 1_000_000}0]"
"""Three megabytes of text, which a zip file has in three kilobytes, and which take 70 as Python objects."""

ATTESTED = {"signature.dsse.json": b'{"payload":"e30="}\n', "timestamp.tsr": bytes(range(64))}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with two files beside its manifest, which nobody here has a key for."""
    scanned = scan_of(TENANT, policies=("internet-outbound",))
    target = tmp_path_factory.mktemp("sealed") / "bundle"
    scanned.seal(target, _attested)
    return target


def _attested(_manifest: bytes, _record: ScanRecord) -> Mapping[str, bytes]:
    return ATTESTED


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    """The bundle without what only a key could make fit."""
    shutil.copytree(folder, tmp_path / "copy")
    for name in (*ATTESTED, "attestations.json"):
        (tmp_path / "copy" / name).unlink()
    return tmp_path / "copy"


def _first_line(copy: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = copy / "payloads" / "workspaces.jsonl"
    first, *others = path.read_bytes().splitlines(keepends=True)
    told = json.loads(first)
    change(told)
    path.write_bytes(b"".join([refitted(told), *others]))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("retrieved_at", "2020-01-01T00:00:00+00:00"),
        ("request_id", "of another answer"),
        ("redactions", ["/value/0"]),
        ("superseded", True),
    ],
)
def test_how_an_answer_came_cannot_be_altered_either(copy: Path, name: str, value: object) -> None:
    _first_line(copy, lambda told: told.update({name: value}))
    sealed_anew(copy)
    assert wrong(verified(copy))


def _reorder(path: Path) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[::-1]))


def _replace(path: Path, old: bytes, new: bytes) -> None:
    assert old in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(old, new))


def _reorder_rows(path: Path) -> None:
    rows = pq.read_table(path)
    pq.write_table(rows.take(list(range(len(rows)))[::-1]), path, write_statistics=False)


def _add_metadata(path: Path) -> None:
    pq.write_table(pq.read_table(path).replace_schema_metadata({"note": "added"}), path)


def _add_statistics(path: Path) -> None:
    """Readers skip the rows of a file by its statistics, so altered ones hide rows."""
    pq.write_table(pq.read_table(path), path, compression="zstd")


def _compress_otherwise(path: Path) -> None:
    pq.write_table(pq.read_table(path), path, compression="snappy", write_statistics=False)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda made: (made / "read-me.txt").write_text("x"), "read-me.txt was added"),
        (
            lambda made: (made / "policies/1/9-other.yaml").write_text("x"),
            "policies/1/9-other.yaml was added",
        ),
        (lambda made: (made / "payloads/other.jsonl").write_text(""), "payloads/other.jsonl is altered"),
        (
            lambda made: (made / "payloads/workspaces.jsonl").rename(made / "payloads/other.jsonl"),
            "payloads/other.jsonl, line 1 is altered: this is not its place",
        ),
        (lambda made: _reorder(made / "payloads/workspaces.jsonl"), "this is not its place"),
        (
            lambda made: _replace(made / "payloads/workspaces.jsonl", b"\n", b"\r\n"),
            "not written as azml-audit",
        ),
        (
            lambda made: _replace(made / "payloads/workspaces.jsonl", b'{"id"', b'{"url":"https://x","id"'),
            "not written as azml-audit",
        ),
        (lambda made: _first_line(made, lambda told: told.update(scope=5)), "scope is 5"),
        (lambda made: (made / "payloads/gaps.jsonl").write_text('{"scope": 1}\n'), "is no gap: scope is 1"),
        (
            lambda made: _replace(made / "statement.json", b'{\n "schema', b'{ "schema'),
            "statement.json is written in another",
        ),
        (lambda made: (made / "checks.json").write_text("[" * 100_000), "checks.json is altered"),
        (
            lambda made: _replace(made / "checks.json", b'"title": "', b'"title": "Not: '),
            "is described otherwise than the code",
        ),
        (
            lambda made: _replace(made / "checks.json", b'"id": "NET', b'"id": "NOT'),
            "is missing: the policies ask for it",
        ),
        (
            lambda made: _replace(made / "policies/resolved.json", b"policies/1/1-", b"policies/1/../1/1-"),
            "is missing",
        ),
        (
            lambda made: _reorder_rows(made / "findings.parquet"),
            "findings.parquet has its rows in another order",
        ),
        (lambda made: _add_metadata(made / "findings.parquet"), "findings.parquet has other columns"),
        (lambda made: _add_statistics(made / "findings.parquet"), "findings.parquet has statistics"),
        (
            lambda made: _compress_otherwise(made / "findings.parquet"),
            "findings.parquet is written in another way",
        ),
        (lambda made: (made / "payloads" / "more").mkdir(), "the folder payloads/more is refused"),
        (
            lambda made: (made / "statement.json").write_text(BOMB),
            "statement.json is refused: it has more than",
        ),
        (lambda made: (made / "checks.json").write_text(BOMB), "checks.json is refused: it has more than"),
        (
            lambda made: (made / "policies/resolved.json").write_text(BOMB),
            "policies/resolved.json is refused: it has more than",
        ),
        (
            lambda made: next((made / "policies/1").iterdir()).write_text("# " + " " * 2**20),
            "is refused: it is larger than 1,048,576 bytes",
        ),
    ],
)
def test_what_no_scan_could_have_sealed_is_named(
    copy: Path, change: Callable[[Path], object], words: str
) -> None:
    change(copy)
    sealed_anew(copy)
    told = wrong(verified(copy))
    assert any(words in each for each in told), told


def test_a_bundle_of_another_format_is_refused_by_its_version(copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_bytes())
    listed = [SealedFile(**each) for each in manifest["files"]]
    (copy / "manifest.json").write_bytes(manifest_of(listed, "1.0"))
    code, out, _ = run("verify", str(copy))
    assert code == 3
    assert "manifest.json has version 1.0 of the evidence format" in out
    assert f"Install azml-audit {VERSION} to verify it" in out
    assert "altered" not in out
    with pytest.raises(EvidenceError, match=r"version 1\.0"):
        sealed(copy)


@pytest.mark.parametrize("forge", forged_zips.ALL, ids=lambda each: each.__name__)
def test_a_zip_file_from_which_others_unpack_other_files_is_refused(
    forge: Callable[[Path, Path], None], folder: Path, tmp_path: Path
) -> None:
    forge(folder, tmp_path / "forged.zip")
    root = verified(folder).root
    (told,) = wrong(verified(tmp_path / "forged.zip", root=root))
    assert told.startswith("forged.zip is altered"), told
    assert "other tools may unpack other files" in told
    with pytest.raises(EvidenceError, match="other tools may unpack other files"):
        sealed(tmp_path / "forged.zip")


def test_a_zip_file_with_the_sizes_of_large_files_is_as_we_write_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = (folder / "provenance.csv").stat().st_size
    for limit in (size - 1, size, size + 1, int(size * 1.04), 20_000):
        monkeypatch.setattr("zipfile.ZIP64_LIMIT", limit)
        bundle = tmp_path / f"{limit}.zip"
        pack(folder, bundle)
        assert b"PK\6\6" in bundle.read_bytes()
        assert verified(bundle).holds, limit


def test_a_replay_refuses_what_verify_calls_incomplete(copy: Path, tmp_path: Path) -> None:
    forger = Forger.of(copy)
    forger.drop(lambda each: each.kind != "subscriptions")
    forger.seal(tmp_path / "forged.zip")
    for command in (
        ("report", str(tmp_path / "forged.zip")),
        ("scan", "--from", str(tmp_path / "forged.zip")),
    ):
        code, _, told = run(*command, "--output", str(tmp_path / "report"))
        assert (code, "has no answer, refusal or gap" in " ".join(told.split())) == (2, True)
        assert not (tmp_path / "report").exists()


def test_no_byte_beside_the_manifest_can_change_even_where_nobody_gives_a_key(folder: Path) -> None:
    assert verified(folder).holds
    for name in (*ATTESTED, "attestations.json"):
        sealed = (folder / name).read_bytes()
        for place in range(0, len(sealed), 7):
            (folder / name).write_bytes(sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :])
            told = wrong(verified(folder))
            assert any(name in each for each in told), (place, told)
        (folder / name).unlink()
        assert any(name in each for each in wrong(verified(folder)))
        (folder / name).write_bytes(sealed)
