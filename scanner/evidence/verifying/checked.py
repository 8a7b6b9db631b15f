"""Read a bundle again, and refuse one whose answers are incomplete or contradict its statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from scanner.errors import EvidenceError
from scanner.evidence.replaying import BundleSource, Sealed
from scanner.evidence.statement import ScanRecord
from scanner.evidence.verifying import agreement, completeness
from scanner.evidence.verifying.ledger import Ledger
from scanner.payloads.payload import Keep


def refuse(ledger: Ledger, record: ScanRecord, where: object) -> None:
    """Raise EvidenceError for the first problem of a bundle whose answers are all in the ledger."""
    now = datetime.now(UTC)
    for problem in (
        *completeness.problems(ledger, record.asked_for),
        *agreement.problems(ledger, record, now),
    ):
        raise EvidenceError(f"{where}: {problem} Run `azml-audit verify {where}` for every problem.")


@dataclass(frozen=True)
class CheckedSource:
    """The payloads and gaps of a bundle. Reading ends with EvidenceError if they are not all of a scan."""

    sealed: Sealed

    async def read(self, keep: Keep) -> None:
        """Pass every payload and every gap to `keep`."""
        record = self.sealed.statement.record
        ledger = Ledger.of(record)
        await BundleSource(self.sealed.bundle, ledger.add).read(keep)
        refuse(ledger, record, self.sealed.bundle.path)
