"""Bundles of versions with fewer rules of redaction stay what they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from scanner.evidence.opening import opened
from scanner.evidence.payload_files import FOLDER, payloads_in, write_payloads
from scanner.payloads.bodies import parsed
from scanner.payloads.people import Pseudonyms
from scanner.payloads.redaction import redacted
from tests.scanner.payloads.test_payloads import PAYLOAD

BODY = b'{"value": [], "systemData": {"createdBy": "9d0c1a3e"}, "note": "ada@example.com"}'


def test_an_answer_that_older_rules_kept_is_read_as_it_is_stored(tmp_path: Path) -> None:
    assert redacted(BODY, parsed(BODY), Pseudonyms())[0] != BODY
    payload = replace(PAYLOAD, body=BODY, redactions=())
    (tmp_path / FOLDER).mkdir()
    write_payloads(tmp_path, [payload], [])
    (tmp_path / "manifest.json").write_text("{}", "utf-8")
    (read,) = payloads_in(opened(tmp_path))
    assert (read, read.id) == (payload, payload.id)
