"""What verify says of bundles that somebody altered, and what it refuses to open."""

from __future__ import annotations

import json
import os
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.azure.clouds import DEMO
from scanner.emulator.faults import Fault, FaultKind
from scanner.emulator.tenants.generated import generated_tenant
from scanner.errors import EvidenceError
from scanner.evidence.packing import pack
from tests.support.evidence.bundles import Scanned, altered_line, scan_of, sealed_anew, verified, wrong

TENANT = generated_tenant(subscriptions=2, workspaces=3, rules=2, seed=4)


@pytest.fixture(scope="module")
def scanned() -> Scanned:
    refused = Fault(kind=FaultKind.STATUS, status=400, code="NoRegisteredProviderFound", route="computes")
    return scan_of(TENANT, refused, policies=("internet-outbound",))


@pytest.fixture(scope="module")
def folder(scanned: Scanned, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("sealed") / "bundle"
    scanned.seal(target)
    return target


@pytest.fixture(scope="module")
def archive(scanned: Scanned, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("sealed") / "bundle.zip"
    scanned.seal(target)
    return target


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    shutil.copytree(folder, tmp_path / "copy")
    return tmp_path / "copy"


@settings(max_examples=100)
@given(data=st.data())
def test_one_flipped_byte_of_a_zip_file_is_told(data: st.DataObject, archive: Path) -> None:
    sealed = archive.read_bytes()
    place = data.draw(st.integers(0, len(sealed) - 1))
    altered = archive.with_name("altered.zip")
    altered.write_bytes(_flipped(sealed, place, data.draw(st.integers(1, 255))))
    told = wrong(verified(altered))
    assert told
    with zipfile.ZipFile(archive) as whole:
        names = [entry.filename for entry in whole.infolist() if _holds(entry, place)]
    assert any("altered.zip" in each or each.startswith(tuple(names)) for each in told)


def _holds(entry: zipfile.ZipInfo, place: int) -> bool:
    start = entry.header_offset + 30 + len(entry.filename)
    return start <= place < start + entry.compress_size


@settings(max_examples=100)
@given(data=st.data())
def test_one_flipped_byte_of_a_folder_is_told_by_its_file(data: st.DataObject, folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
    path = data.draw(st.sampled_from(files))
    sealed = path.read_bytes()
    altered = _flipped(sealed, data.draw(st.integers(0, len(sealed) - 1)), data.draw(st.integers(1, 255)))
    try:
        path.write_bytes(altered)
        told = wrong(verified(folder))
    finally:
        path.write_bytes(sealed)
    assert any(path.relative_to(folder).as_posix() in each for each in told)


def _flipped(content: bytes, place: int, by: int) -> bytes:
    return content[:place] + bytes([content[place] ^ by]) + content[place + 1 :]


def _lines(folder: Path) -> list[tuple[Path, int]]:
    files = [path for path in sorted((folder / "payloads").glob("*.jsonl")) if path.stem != "gaps"]
    return [(path, number) for path in files for number in range(len(path.read_bytes().splitlines()))]


def _places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to all plain values."""
    if isinstance(document, dict | list):
        pairs = document.items() if isinstance(document, dict) else enumerate(document)
        return [place for name, value in pairs for place in _places(value, (*path, name))]
    return [path]


@settings(max_examples=8)
@given(data=st.data())
def test_an_edited_payload_is_told_even_where_every_digest_was_made_to_fit(
    data: st.DataObject, folder: Path
) -> None:
    path, number = data.draw(st.sampled_from(_lines(folder)))
    sealed, manifest = path.read_bytes(), (folder / "manifest.json").read_bytes()
    lines = sealed.splitlines(keepends=True)
    places = _places(json.loads(json.loads(lines[number])["body"]))

    def edit(document: Any) -> None:
        if not places:
            document["added"] = True
            return
        *way, last = data.draw(st.sampled_from(places))
        for step in way:
            document = document[step]
        document[last] = "Enabled" if document[last] != "Enabled" else "Disabled"

    lines[number] = altered_line(lines[number], edit)
    try:
        path.write_bytes(b"".join(lines))
        sealed_anew(folder)
        found = verified(folder)
    finally:
        path.write_bytes(sealed)
        (folder / "manifest.json").write_bytes(manifest)
    assert not found.steps[0].wrong
    assert wrong(found)


def test_every_flip_is_told_with_the_root_digest_known_even_a_bundle_made_anew(
    scanned: Scanned, folder: Path, copy: Path, tmp_path: Path
) -> None:
    root = verified(folder).root
    assert verified(folder, root=root.upper()).holds
    told = (copy / "statement.json").read_text()
    (copy / "statement.json").write_text(told.replace(f'"{DEMO}"', '"Azure"'))
    sealed_anew(copy)
    assert any("root digest" in each for each in wrong(verified(copy, root=root)))


def test_row_and_column_of_an_edited_finding_are_named(copy: Path) -> None:
    findings = (copy / "findings.csv").read_text()
    (copy / "findings.csv").write_text(findings.replace(",fail,violated,", ",pass,compliant,", 1))
    sealed_anew(copy)
    told = wrong(verified(copy))
    assert any("findings.csv: row check_id NET006" in each and "status is 'pass'" in each for each in told)


def test_a_row_taken_away_or_added_is_named(copy: Path) -> None:
    lines = (copy / "tables" / "workspaces.csv").read_text().splitlines(keepends=True)
    (copy / "tables" / "workspaces.csv").write_text("".join(lines[:-1] + [lines[1].replace("/mlw-", "/x-")]))
    sealed_anew(copy)
    told = "\n".join(wrong(verified(copy)))
    assert "tables/workspaces.csv: row workspace_id" in told
    assert "is missing: it follows" in told


def test_a_softer_policy_is_told(copy: Path) -> None:
    policy = next((copy / "policies" / "1").iterdir())
    policy.write_text(policy.read_text().replace("high", "low") + "\nfail_on: critical\n")
    sealed_anew(copy)
    assert wrong(verified(copy))


def test_a_payload_taken_away_is_told(copy: Path) -> None:
    path = copy / "payloads" / "workspaces.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[1:]))
    sealed_anew(copy)
    assert any("workspaces" in each for each in wrong(verified(copy)))


def test_a_page_that_is_missing_from_a_list_leaves_a_gap(tmp_path: Path) -> None:
    scanned = scan_of(TENANT, policies=("internet-outbound",))
    scanned.seal(tmp_path / "whole")
    path = tmp_path / "whole" / "payloads" / "workspaces.jsonl"
    kept = [
        line for line in path.read_bytes().splitlines(keepends=True) if b"skip" not in line.split(b"body")[0]
    ]
    assert len(kept) == 2
    path.write_bytes(b"".join(kept))
    sealed_anew(tmp_path / "whole")
    assert any("PageMissing" in each for each in wrong(verified(tmp_path / "whole")))


def test_a_policy_that_would_run_code_is_refused(copy: Path, tmp_path: Path) -> None:
    policy = next((copy / "policies" / "1").iterdir())
    policy.write_text(f"name: !!python/object/apply:os.mkdir ['{tmp_path / 'ran'}']\n")
    sealed_anew(copy)
    assert any("could not determine a constructor" in each for each in wrong(verified(copy)))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda folder: (folder / "findings.csv").unlink(), "findings.csv is missing"),
        (lambda folder: (folder / "tables" / "new.csv").write_text("x"), "tables/new.csv was added"),
        (lambda folder: (folder / "manifest.json").unlink(), "manifest.json is missing"),
        (lambda folder: (folder / "manifest.json").write_text("[" * 100_000), "manifest.json is altered"),
        (lambda folder: (folder / "link").symlink_to("/etc/hostname"), "link is refused"),
        (lambda folder: os.mkfifo(folder / "pipe"), "pipe is refused"),
    ],
)
def test_files_taken_away_added_or_strange_are_named(
    copy: Path, change: Callable[[Path], object], words: str
) -> None:
    change(copy)
    assert any(words in each for each in wrong(verified(copy)))


def _zip(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def _link() -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("link")
    entry.external_attr = 0o120777 << 16
    return entry


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("/etc/passwd", "refused"),
        ("../outside", "refused"),
        ("a/../../outside", "refused"),
        ("C:outside", "refused"),
        ("a\\..\\outside", "refused"),
        ("a//b", "refused"),
        ("folder/", "refused"),
        ("bell\x07", "refused"),
        (_link(), "link or a device"),
    ],
)
def test_names_that_lead_out_of_a_zip_file_are_refused(
    name: str | zipfile.ZipInfo, words: str, tmp_path: Path
) -> None:
    told = wrong(verified(_zip(tmp_path / "trick.zip", ("manifest.json", b"{}"), (name, b"x"))))
    assert any(words in each for each in told)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_zip_file_with_a_name_twice_is_refused(tmp_path: Path) -> None:
    told = wrong(verified(_zip(tmp_path / "trick.zip", ("a", b"1"), ("A", b"2"))))
    assert any("twice" in each for each in told)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    told = wrong(verified(_zip(tmp_path / "bomb.zip", ("manifest.json", bytes(50_000_000)))))
    assert any("unpacks to more than" in each for each in told)


def test_a_size_that_lies_is_told(archive: Path, tmp_path: Path) -> None:
    """A central directory that announces less than there is: no more than that is unpacked."""
    sealed = bytearray(archive.read_bytes())
    start = sealed.index(b"PK\x01\x02")
    sealed[start + 24 : start + 28] = struct.pack("<I", 10)
    (tmp_path / "lies.zip").write_bytes(sealed)
    assert wrong(verified(tmp_path / "lies.zip"))


def test_an_encrypted_entry_is_refused(tmp_path: Path) -> None:
    path = _zip(tmp_path / "secret.zip", ("manifest.json", b"{}"))
    content = bytearray(path.read_bytes())
    for sign, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(sign) + offset] |= 1
    path.write_bytes(content)
    assert any("encrypted" in each for each in wrong(verified(path)))


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    many = [(f"f{number}", b"") for number in range(10_001)]
    assert any(
        "more than 10,000 files" in each for each in wrong(verified(_zip(tmp_path / "many.zip", *many)))
    )


def test_a_bundle_packed_anew_by_another_tool_holds_once_it_is_unpacked(
    archive: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(archive) as whole:
        whole.extractall(tmp_path / "unpacked")
        entries = [(name, whole.read(name)) for name in whole.namelist()]
    again = _zip(tmp_path / "again.zip", *entries)
    assert any("unpack it and verify" in each for each in wrong(verified(again)))
    assert verified(tmp_path / "unpacked").holds
    pack(tmp_path / "unpacked", tmp_path / "packed.zip")
    assert (tmp_path / "packed.zip").read_bytes() == archive.read_bytes()


def test_what_is_no_bundle_is_told(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="does not exist"):
        verified(tmp_path / "absent")
    (tmp_path / "text").write_text("hello")
    assert any("not an evidence bundle" in each for each in wrong(verified(tmp_path / "text")))
