"""A forger's kit: opens a bundle, edits what it holds, and derives and seals all of it again.

Every digest, id, table and count of the forged bundle fits, because azml-audit itself made them. What is
left to find is a contradiction.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from checks.registry import registry
from scanner.evidence.opening import opened
from scanner.evidence.payload_files import gaps_in, payloads_in, write_payloads
from scanner.evidence.policy_files import policy_files, sealed_policies
from scanner.evidence.replaying import sealed
from scanner.evidence.sealing import Attest
from scanner.evidence.statement import ScanRecord, Statement
from scanner.evidence.verifying.derivation import Derivation, derive
from scanner.payloads.bodies import parsed
from scanner.payloads.payload import Gap, Payload
from scanner.policies import LoadedPolicy
from tests.support.evidence.bundles import Scanned

Where = Callable[[Payload], bool]


@dataclass
class Forger:
    """The content of one bundle, to be edited. `originals` are the ids that the payloads had."""

    payloads: list[Payload]
    originals: list[str]
    gaps: list[Gap]
    statement: Statement
    policies: tuple[LoadedPolicy, ...]

    @staticmethod
    def of(bundle: Path) -> Forger:
        """Open a bundle."""
        source = sealed(bundle)
        payloads = list(payloads_in(source.bundle))
        return Forger(
            payloads=payloads,
            originals=[each.id for each in payloads],
            gaps=list(gaps_in(source.bundle)),
            statement=source.statement,
            policies=sealed_policies(source.bundle, registry()),
        )

    @property
    def record(self) -> ScanRecord:
        """What the statement says that cannot be derived."""
        return self.statement.record

    def claim(self, **members: Any) -> None:
        """Change members of the statement."""
        asked = members.pop("asked_for", {})
        record = self.record.model_copy(update=members)
        record = record.model_copy(update={"asked_for": record.asked_for.model_copy(update=asked)})
        self.statement = self.statement.model_copy(update={"record": record})

    def first(self, where: Where) -> Payload:
        """The first payload like that; there must be one."""
        return next(each for each in self.payloads if where(each))

    def drop(self, where: Where) -> None:
        """Leave payloads out."""
        kept = [pair for pair in zip(self.payloads, self.originals, strict=True) if not where(pair[0])]
        assert len(kept) < len(self.payloads)
        self.payloads, self.originals = [each for each, _ in kept], [each for _, each in kept]

    def forget(self, kind: str, *, one: bool = False) -> None:
        """Leave out every answer and gap of a kind, or the first answer that is not superseded."""
        if one:
            first = self.first(lambda each: each.kind == kind and not each.superseded)
            self.drop(lambda each: each is first)
            return
        self.drop(lambda each: each.kind == kind)
        self.gaps = [gap for gap in self.gaps if gap.asked != kind]

    def add(self, payload: Payload) -> None:
        """Add a payload."""
        self.payloads.append(payload)
        self.originals.append("")

    def change(self, where: Where, **fields: Any) -> None:
        """Change fields of payloads."""
        assert any(map(where, self.payloads))
        self.payloads = [replace(each, **fields) if where(each) else each for each in self.payloads]

    def edit(self, where: Where, edit: Callable[[Any], object]) -> None:
        """Edit the bodies of payloads."""
        assert any(map(where, self.payloads))
        self.payloads = [edited(each, edit) if where(each) else each for each in self.payloads]

    def respell(self, old: str, new: str) -> None:
        """Replace a text in every request and body."""
        self.payloads = [
            replace(
                each,
                url=each.url.replace(old, new),
                request_body=each.request_body.replace(old, new),
                body=(body := each.body.replace(old.encode(), new.encode())),
                document=parsed(body),
            )
            for each in self.payloads
        ]
        self.gaps = [replace(each, request=each.request.replace(old, new)) for each in self.gaps]

    def derived(self) -> Derivation:
        """Everything that follows from the edited payloads."""
        ids = {old: new.id for old, new in zip(self.originals, self.payloads, strict=True)}
        self.gaps = [replace(gap, about=ids.get(gap.about, gap.about)) for gap in self.gaps]
        with tempfile.TemporaryDirectory() as folder:
            write_payloads(Path(folder), self.payloads, self.gaps)
            for name, content in policy_files(self.policies):
                (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
                (Path(folder) / name).write_bytes(content)
            return derive(opened(Path(folder)), self.statement, registry())

    def seal(self, target: Path, attest: Attest | None = None) -> str:
        """Derive and seal everything again, and return the root digest."""
        found = self.derived()
        forged = Scanned(
            payloads=self.payloads,
            gaps=self.gaps,
            audit=found.audit,
            policies=self.policies,
            provenance=found.provenance,
            record=self.record,
        )
        return forged.seal(target, attest)


def edited(payload: Payload, edit: Callable[[Any], object]) -> Payload:
    """A payload with another body, which claims no replaced places."""
    document = json.loads(payload.body)
    edit(document)
    body = json.dumps(document, separators=(",", ":")).encode()
    return replace(payload, body=body, document=document, redactions=())
