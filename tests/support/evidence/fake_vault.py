"""The part of the REST surface of Azure Key Vault that signing uses, on loopback over TLS. It is not Azure.

Shapes: "Keys - Get Key" and "Keys - Sign" of the Key Vault REST API 7.6, and the token endpoint of a managed
identity in App Service (api-version 2019-08-01), so that `DefaultAzureCredential` can sign in on this machine.
"""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from time import time
from typing import Any

import trustme
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512

_OF_CURVE = {
    "secp256r1": ("P-256", 32),
    "secp384r1": ("P-384", 48),
    "secp521r1": ("P-521", 66),
    "secp256k1": ("P-256K", 32),
}
IDENTITY = "/identity"
"""The path of the token endpoint."""

RESOURCE = "https://vault.azure.net"
_HASHES = {"ES256": SHA256(), "ES384": SHA384(), "ES512": SHA512()}


@dataclass
class Vault:
    """A vault with one key. `requests` lists what was asked.

    `refuses` is the status that signing gets, and `hides` the one that reading the key gets. If the vault `lies`,
    it signs another digest than the one asked for.
    """

    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    url: str = ""
    refuses: int = 0
    hides: int = 0
    lies: bool = False
    requests: list[str] = field(default_factory=list)

    def key_document(self) -> dict[str, Any]:
        kid = f"{self.url}/keys/signer/0123456789abcdef"
        if isinstance(self.key, rsa.RSAPrivateKey):
            public = self.key.public_key().public_numbers()
            found: dict[str, Any] = {
                "kid": kid,
                "kty": "RSA",
                "n": _encoded(public.n.to_bytes(256)),
                "e": "AQAB",
            }
            return {"key": found, "attributes": {"enabled": True}}
        name, size = _OF_CURVE[self.key.curve.name]
        numbers = self.key.public_key().public_numbers()
        x, y = (_encoded(number.to_bytes(size)) for number in (numbers.x, numbers.y))
        found = {
            "kid": kid,
            "kty": "EC",
            "crv": name,
            "x": x,
            "y": y,
            "key_ops": ["sign", "verify"],
        }
        return {"key": found, "attributes": {"enabled": True}}

    def signature(self, asked: dict[str, str]) -> dict[str, str]:
        assert isinstance(self.key, ec.EllipticCurvePrivateKey)
        _, size = _OF_CURVE[self.key.curve.name]
        digest = base64.urlsafe_b64decode(asked["value"] + "==")
        digest = digest[::-1] if self.lies else digest
        der = self.key.sign(digest, ec.ECDSA(Prehashed(_HASHES[asked["alg"]])))
        r, s = decode_dss_signature(der)
        value = _encoded(r.to_bytes(size) + s.to_bytes(size))
        return {"kid": f"{self.url}/keys/signer/0123456789abcdef", "value": value}


@contextmanager
def serving(vault: Vault, folder: Path) -> Iterator[Path]:
    """Serve the vault, and yield the authority of its certificate."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith(IDENTITY):
                token = {"access_token": "of the fake vault", "expires_on": str(int(time()) + 3600)}
                self._send(200, {**token, "resource": RESOURCE, "token_type": "Bearer"}, {})
                return
            missing = {"error": {"code": "KeyNotFound", "message": "A key with that name was not found."}}
            self._answer(lambda: (vault.hides, missing) if vault.hides else (200, vault.key_document()))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            refusal = {"error": {"code": "Forbidden", "message": "The key may not sign."}}
            self._answer(
                lambda: (
                    (vault.refuses, refusal) if vault.refuses else (200, vault.signature(json.loads(body)))
                )
            )

        def _answer(self, made: Any) -> None:
            vault.requests.append(f"{self.command} {self.path.partition('?')[0]}")
            if not self.headers.get("Authorization"):
                challenge = f'Bearer authorization="https://login.invalid/t", resource="{RESOURCE}"'
                self._send(401, {"error": {"code": "Unauthorized"}}, {"WWW-Authenticate": challenge})
                return
            status, document = made()
            self._send(status, document, {})

        def _send(self, status: int, document: Any, headers: dict[str, str]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Type": "application/json"}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "vault-ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    vault.url = f"https://127.0.0.1:{server.server_port}"
    try:
        yield folder / "vault-ca.pem"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
