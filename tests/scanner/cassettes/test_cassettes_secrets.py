"""Nothing below `cassettes/` holds a secret, a token, an e-mail address or a trace of a machine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.cassette_player import CASSETTES

REFUSED: Mapping[str, re.Pattern[str]] = {
    what: re.compile(pattern, re.IGNORECASE)
    for what, pattern in {
        "an e-mail address": r"[\w.%+#-]+(?:@|%40)[a-z0-9-]+(?:\.[a-z0-9-]+)+",
        "an authorizing header": r"^[\s\"'-]*(?:(?:proxy-)?authorization|(?:set-)?cookie)[\"']?\s*:",
        "a bearer token": r"bearer\s+(?!authorization_uri)[a-z0-9._~+/-]{8,}|\beyJ[\w-]{10,}",
        "a secret member": r"\"(?:\w*(?:password|connectionstring|instrumentationkey|appinsightskey|secret)"
        r"|(?:primary|secondary|account|access|shared|api)key|sastoken|sasgetteruri)\"\s*:\s*"
        r"\"(?!\[redacted\]\")[^\"]+\"",
        "a secret in a text": r"(?:instrumentationkey|accountkey|sharedaccesskey|sharedaccesssignature"
        r"|password|pwd|client_secret)=|[?&]sig=|-----BEGIN",
        "an address of the machine itself": r"\b127\.\d+\.\d+\.\d+|\blocalhost\b|(?<![0-9a-f:])::1\b",
        "a path of a machine": r"(?<![\w.}-])/(?:home|users|root|tmp|work|var|opt|mnt|private)/"
        r"|\b[a-z]:\\|file://",
    }.items()
}
FILES = sorted(path for path in CASSETTES.rglob("*") if path.is_file())


def refused(text: str) -> set[str]:
    """What of the refused is in the text."""
    return {
        what for what, pattern in REFUSED.items() if any(pattern.search(line) for line in text.splitlines())
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(CASSETTES)))
def test_no_file_holds_anything_refused(file: Path) -> None:
    assert refused(file.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('   "createdBy": "ada.byron@example.com",', "an e-mail address"),
        ("    uri: https://management.azure.com/users/ada%40example.com", "an e-mail address"),
        ("      Authorization:", "an authorizing header"),
        ("      Set-Cookie:", "an authorizing header"),
        ("      - Bearer 0123456789abcdef", "a bearer token"),
        ('  "token": "eyJhbGciOiJub25lIn0.e30."', "a bearer token"),
        (
            '  "sdkTelemetryAppInsightsKey": "00000000-0000-4000-8000-000000000000"',
            "a secret member",
        ),
        ('  "relayConnectionString": "Endpoint=sb://relay"', "a secret member"),
        ('  "adminUserPassword": "hunter2"', "a secret member"),
        ('  "text": "InstrumentationKey=00000000"', "a secret in a text"),
        ('  "url": "https://st.blob.core.windows.net/c?sv=1&sig=abc"', "a secret in a text"),
        ("-----BEGIN PRIVATE KEY-----", "a secret in a text"),
        ('  "nextLink": "http://127.0.0.1:4711/next"', "an address of the machine itself"),
        ("    uri: https://localhost:4711/", "an address of the machine itself"),
        ("    uri: http://[::1]:4711/", "an address of the machine itself"),
        ('  "trace": "/home/ada/audit.py"', "a path of a machine"),
        ('  "trace": "C:\\Users\\ada"', "a path of a machine"),
    ],
)
def test_what_is_refused_is_found(text: str, what: str) -> None:
    assert refused(f"first line\n{text}\nlast line") == {what}


@pytest.mark.parametrize(
    "text",
    [
        '  "sdkTelemetryAppInsightsKey": "[redacted]",',
        '  "systemDatastoresAuthMode": "AccessKey",',
        '  "authorizationSource": "RoleBased",',
        '  "keyVault": "/subscriptions/x/resourceGroups/y/providers/Microsoft.Keyvault/vaults/z"',
        '  "value": "2001:db8::1"',
        '  "id": "/subscriptions/x/providers/Microsoft.MachineLearningServices/workspaces/work"',
    ],
)
def test_what_azure_says_of_its_resources_is_not_refused(text: str) -> None:
    assert refused(text) == set()
