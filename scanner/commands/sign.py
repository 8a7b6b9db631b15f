"""`azml-audit sign`: verify a bundle, and add a signature to it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from checks.registry import registry
from scanner.errors import EvidenceError
from scanner.evidence.attestations.countersigning import countersign
from scanner.evidence.attestations.signing import signing_key
from scanner.evidence.verifying.verification import Expected, verify
from scanner.terminal import Terminal, print_line


def sign(path: Path, key: str, environment: Mapping[str, str], terminal: Terminal) -> int:
    """Sign the bundle if it is verified. Raises EvidenceError with the first problem if it is not."""
    signer = signing_key(key, environment, "--key")
    found = verify(path, Expected(), registry())
    problems = [problem for step in found.steps for problem in (*step.wrong, *step.cannot)]
    if problems:
        raise EvidenceError(f"{path} is not signed, because it is not verified: {problems[0]}")
    signers = countersign(path, signer)
    print_line(terminal.out, f"Signed {path} with key {signer.public_key.keyid}; signatures: {len(signers)}.")
    print_line(terminal.out, f"Root digest {found.root}")
    return 0
