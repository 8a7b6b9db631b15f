"""Every command of the README and the docs runs as pasted, page by page, against the emulator, which is not Azure.

Only what a reader must replace is replaced: names of their tenant, digests, and the address of a timestamp authority.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from scanner.emulator.demo.tenant import DATA_GROUP, demo_tenant
from tests.documents.test_written_commands import PAGES, fenced, words_of
from tests.support.command_line import run, served
from tests.support.evidence.timestamp_authority import HAS_OPENSSL, authority, serving
from tests.support.places import ROOT

NOT_RUN = {
    "emulator": "serves until Ctrl-C; tests/scanner/emulator/test_lifetime.py runs it",
    "--dask": "needs a Dask cluster; tests/scanner/workers runs one",
}
THEIR_NAMES = {
    "corp": DATA_GROUP,
    "sandbox": DATA_GROUP,
    "ML Production": "Larkfield ML Production",
    "mlw-prod": "mlw-forecast-prod",
}
"""What the pages name in a tenant of the reader's, and its like in the demo tenant."""
SIGNS_IN = {"scan", "doctor"}
"""The commands that read Azure, unless `--from` names files."""
POLICY = "version: 1\nname: mine\nextends: baseline\n"


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The files that pages name, an emulator to read, and a timestamp authority."""

    provisions: Path
    options: list[str]
    environment: dict[str, str]
    timestamps: str

    def paste(self, line: str) -> tuple[int, str, str]:
        """Run a command of a page in the current folder, after providing the files that it reads."""
        words = [THEIR_NAMES.get(word, word) for word in words_of(line)[1:]]
        if words[0] in {"explain", "reach", "fix"} and "--from" not in words:
            self.provide("azml-audit-report")
        for before, word in zip(["", *words], words, strict=False):
            if before == "--evidence":
                Path(word).unlink(missing_ok=True)
            self.provide("" if before == "--evidence" else word.rstrip("/"))
        root = (self.provisions / "root").read_text("ascii")
        words = [
            root if before == "--root" else word for before, word in zip(["", *words], words, strict=False)
        ]
        words = [self.timestamps if word.startswith("https://timestamp") else word for word in words]
        reads_azure = words[0] in SIGNS_IN and "--from" not in words
        code, out, err = run(*words, *(self.options if reads_azure else ()), env=self.environment)
        if "Root digest: " in out:
            digest = out.partition("Root digest: ")[2].split()[0]
            (self.provisions / "root").write_text(digest, "ascii")
        return code, out, err

    def provide(self, name: str) -> None:
        source = self.provisions / name
        if "/" in name or not name or not source.exists() or Path(name).exists():
            return
        if source.is_dir():
            shutil.copytree(source, name)
        else:
            shutil.copy(source, name)


def signing_key(folder: Path, name: str = "signer") -> str:
    """Write the files of a key pair, and return the text of the private key."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / f"{name}.key").write_bytes(private)
    (folder / f"{name}.key").chmod(0o600)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / f"{name}.pem").write_bytes(public)
    return private.decode("ascii")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("stage")
    authorities, key = authority(folder / "authority"), signing_key(folder)
    signing_key(folder, "auditor")
    (folder / "keys").mkdir()
    shutil.copy(folder / "signer.pem", folder / "keys")
    (folder / "expected.yaml").write_text("policies: [baseline]\n", "utf-8")
    (folder / "authority-root.pem").write_bytes(authorities.root)
    id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/mlw-one"
    exported = [{"id": id, "name": "mlw-one", "location": "westeurope", "public_network_access": "Disabled"}]
    (folder / "exports").mkdir()
    (folder / "exports" / "workspaces.json").write_text(json.dumps(exported), "utf-8")
    (folder / "scope.yaml").write_text("exclude: {states: Disabled}\n", "utf-8")
    (folder / "prices.yaml").write_text("private_endpoint: 7.3\n", "utf-8")
    for name in ("mine.yaml", "next-year.yaml"):
        (folder / name).write_text(POLICY, "utf-8")
    with served(demo_tenant(), folder) as (_, options, environment), serving(authorities) as address:
        stage = Stage(
            provisions=folder,
            options=options,
            environment=environment | {"SIGNING_KEY": key},
            timestamps=address,
        )
        scan_once(stage)
        yield stage


def scan_once(stage: Stage) -> None:
    """Provide the bundles and reports that pages read."""
    folder = stage.provisions
    report, bundle = folder / "azml-audit-report", folder / "evidence.zip"
    evidence = ["--evidence", str(bundle), "--sign", str(folder / "signer.key")]
    timestamp = ["--timestamp", stage.timestamps]
    arguments = ["scan", *stage.options, "--output", str(report), *evidence, *timestamp]
    code, out, err = run(*arguments, env=stage.environment)
    assert code == 1, err
    (folder / "root").write_text(out.partition("Root digest: ")[2].split()[0], "ascii")
    for name in ("2026-11-21.zip", "last-year.zip", "october.zip", "november.zip"):
        shutil.copy(bundle, folder / name)
    (folder / "archive").mkdir()
    shutil.copy(bundle, folder / "archive")
    for name in ("monday", "friday"):
        shutil.copytree(report, folder / name)


def commands(page: Path) -> list[str]:
    return [line for line in fenced(page.read_text("utf-8")) if line.startswith("azml-audit ")]


@pytest.mark.skipif(not HAS_OPENSSL, reason="openssl is not installed")
@pytest.mark.parametrize(
    "page", [page for page in PAGES if commands(page)], ids=lambda page: str(page.relative_to(ROOT))
)
def test_the_commands_of_a_page_run_in_its_order(
    page: Path, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = [line for line in commands(page) if not NOT_RUN.keys() & set(words_of(line))]
    for line in ran:
        code, out, err = stage.paste(line)
        assert code in (0, 1, 3), f"{line} exits with {code}:\n{out}{err}"


@pytest.mark.skipif(not HAS_OPENSSL, reason="openssl is not installed")
def test_the_commands_of_openssl_make_a_key_and_verify_a_timestamp(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.unpack_archive(stage.provisions / "evidence.zip", tmp_path)
    shutil.copy(stage.provisions / "authority-root.pem", tmp_path)
    lines = [
        line for page in PAGES for line in fenced(page.read_text("utf-8")) if line.startswith("openssl ")
    ]
    assert lines
    for line in lines:
        subprocess.run(words_of(line), check=True, capture_output=True)
