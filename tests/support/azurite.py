"""Azurite, Microsoft's emulator of Azure Storage, on loopback over TLS with sign-in by token. It is not Azure."""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme
from azure.core.credentials import AccessTokenInfo

from tests.support.places import ROOT

ACCOUNT = "devstoreaccount1"


def program() -> str | None:
    """The program azurite-blob: from AZURITE, from .azurite (`npm install --prefix .azurite azurite`), or the PATH."""
    own = ROOT / ".azurite" / "node_modules" / ".bin" / "azurite-blob"
    return os.environ.get("AZURITE") or (str(own) if own.exists() else shutil.which("azurite-blob"))


@dataclass(frozen=True, kw_only=True)
class Azurite:
    """A running Azurite: the URL of its account, and the certificate to trust."""

    url: str
    ca_bundle: Path


class FakeCredential:
    """Gives tokens that Azurite accepts: it checks the claims and no signature. Notes the scopes asked for."""

    def __init__(self) -> None:
        self.scopes: list[str] = []

    async def get_token_info(self, *scopes: str, options: object = None) -> AccessTokenInfo:
        self.scopes += scopes
        now = int(time.time())
        claims = {
            "aud": "https://storage.azure.com",
            "iss": "https://sts.windows.net/5a1c3f0e-7d42-5b86-9e11-0c64d2a7f3b9/",
            "iat": now - 60,
            "nbf": now - 60,
            "exp": now + 3600,
        }
        parts = [{"alg": "RS256", "typ": "JWT"}, claims]
        encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
        return AccessTokenInfo(f"{'.'.join(encoded)}.c2ln", now + 3600)

    async def close(self) -> None:
        """Nothing is open."""

    async def __aenter__(self) -> FakeCredential:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()


@contextmanager
def azurite(folder: Path) -> Iterator[Azurite]:
    """Run Azurite until the block ends."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    ca_bundle, cert, key = (folder / name for name in ("ca.pem", "cert.pem", "key.pem"))
    authority.cert_pem.write_to_path(ca_bundle)
    cert.write_bytes(b"".join(each.bytes() for each in certificate.cert_chain_pems))
    certificate.private_key_pem.write_to_path(key)
    port = _free_port()
    where = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder / "storage")]
    tls = ["--cert", str(cert), "--key", str(key), "--oauth", "basic"]
    command = [
        program() or "azurite-blob",
        *where,
        *tls,
        "--silent",
        "--skipApiVersionCheck",
        "--disableTelemetry",
    ]
    with (folder / "azurite.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait(port, process)
        yield Azurite(url=f"https://127.0.0.1:{port}/{ACCOUNT}", ca_bundle=ca_bundle)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError(f"Azurite ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("Azurite does not listen")
