"""Evidence signed and stamped by a scan, and verified: the commands as their users run them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from typer.testing import CliRunner

from scanner.azure.clouds import is_loopback
from scanner.cli.main import app
from scanner.commands import demo as demo_command
from scanner.emulator.tenants.generated import generated_tenant
from scanner.evidence.manifest import root_digest
from tests.support.evidence.timestamp_authority import HAS_OPENSSL, authority, serving

KEY = Ed25519PrivateKey.generate()
PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
SMALL = generated_tenant(subscriptions=1, workspaces=2, rules=1)

needs_openssl = pytest.mark.skipif(not HAS_OPENSSL, reason="needs openssl, to run a timestamp authority")


def run(*arguments: str, env: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "300"} | dict(env or {}))
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(autouse=True)
def small_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """`demo` on a tenant of two workspaces: what is sealed does not matter here, and it is quick."""
    monkeypatch.setattr(demo_command, "demo_tenant", lambda: SMALL)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    (tmp_path / "signer.pem").write_bytes(PUBLIC)
    return tmp_path / "signer.pem"


def demo(folder: Path, *more: str) -> tuple[int, str, str]:
    evidence = str(folder / "evidence")
    environment = {"SIGNING_KEY": PRIVATE}
    return run("demo", "-q", "-o", str(folder / "report"), "--evidence", evidence, *more, env=environment)


@needs_openssl
def test_what_a_scan_signs_and_has_stamped_can_be_verified(tmp_path: Path, key: Path) -> None:
    tsa = authority(tmp_path / "tsa")
    with serving(tsa) as url:
        assert is_loopback(url)
        code, *_ = demo(tmp_path, "--sign", "env:SIGNING_KEY", "--timestamp", url)
    assert code == 0
    root = root_digest((tmp_path / "evidence" / "manifest.json").read_bytes())
    options = ["--key", str(key), "--tsa-ca", str(tmp_path / "tsa" / "root.pem"), "--root", root]
    code, shown, _ = run("verify", str(tmp_path / "evidence"), *options)
    assert code == 0, shown
    assert f"Signed by {key}" in shown
    assert "It existed on 20" in shown


def test_a_signature_is_verified_only_with_a_key_and_then_it_must_hold(tmp_path: Path, key: Path) -> None:
    demo(tmp_path, "--sign", "env:SIGNING_KEY")
    evidence = tmp_path / "evidence"
    code, shown, _ = run("verify", str(evidence))
    assert code == 0
    assert "is there and not verified" in shown
    signature = evidence / "signature.dsse.json"
    envelope = json.loads(signature.read_text())
    envelope["payload"] = envelope["payload"].replace("e", "f", 1)
    signature.write_text(json.dumps(envelope, sort_keys=True, separators=(",", ":")) + "\n")
    code, shown, _ = run("verify", str(evidence), "--key", str(key))
    assert code == 1
    assert "altered after it was signed" in shown
    signature.unlink()
    code, shown, _ = run("verify", str(evidence), "--key", str(key))
    assert code == 1
    assert "signature.dsse.json is missing" in shown


def test_evidence_sealed_anew_by_somebody_else_fails_with_the_signers_key(tmp_path: Path, key: Path) -> None:
    demo(tmp_path, "--sign", "env:SIGNING_KEY")
    signature = (tmp_path / "evidence" / "signature.dsse.json").read_bytes()
    shutil.rmtree(tmp_path / "evidence")
    demo(tmp_path)
    (tmp_path / "evidence" / "signature.dsse.json").write_bytes(signature)
    code, shown, _ = run("verify", str(tmp_path / "evidence"), "--key", str(key))
    assert code == 1
    assert "signed for another manifest" in shown


def test_an_authority_that_fails_costs_no_evidence_and_is_told(tmp_path: Path) -> None:
    with serving(b"busy", 503) as url:
        demo(tmp_path)
        again = ["--evidence", str(tmp_path / "again.zip"), "--timestamp", url]
        earlier = ["--from", str(tmp_path / "evidence"), "-q", "-o", str(tmp_path / "report")]
        code, _, complaint = run("scan", *earlier, *again)
    assert code == 4
    assert "again.zip is sealed without a timestamp" in complaint
    assert "HTTP 503" in complaint
    assert (tmp_path / "report" / "report.html").exists()
    assert run("verify", str(tmp_path / "again.zip"))[0] == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--sign", "env:SIGNING_KEY"], "--sign is for evidence"),
        (["--timestamp", "http://127.0.0.1:9/"], "--timestamp is for evidence"),
        (["--evidence", "e.zip", "--sign", "nowhere.pem"], "nowhere.pem: cannot be read"),
        (["--evidence", "e.zip", "--sign", "env:NOT_SET"], "variable NOT_SET is not set"),
        (["--evidence", "e.zip", "--timestamp", "tsa"], "--timestamp tsa: expected an address"),
    ],
)
def test_what_cannot_be_attested_is_refused_before_the_scan(
    options: list[str], told: str, tmp_path: Path
) -> None:
    code, _, complaint = run("demo", "-o", str(tmp_path / "report"), *options, env={"SIGNING_KEY": PRIVATE})
    assert code == 2
    assert told in complaint
    assert not (tmp_path / "report").exists()
