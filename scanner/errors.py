"""Every error azml-audit raises on purpose, one tree, rooted in `checks.errors.AuditError`."""

from __future__ import annotations

from checks.errors import AuditError


class UsageError(AuditError):
    """What was asked for cannot be done as asked; nothing was scanned."""


class CloudError(UsageError):
    """The cloud's endpoint, authority or audience is unusable."""


class CredentialError(UsageError):
    """No token could be had."""


class ScopeError(UsageError):
    """The subscriptions or management groups asked for cannot be told."""


class RefusedRequestError(AuditError):
    """A request that this tool never sends: a write, or a token to a foreign host."""


class DeadlineError(RefusedRequestError):
    """A request not sent, or waited for no longer, because the scan's time is used up."""


class TooLargeError(RefusedRequestError):
    """An answer read no further, because it is larger than any answer should be."""


class ExportError(UsageError):
    """What was given to --from cannot be read as an export."""


class SigningKeyError(UsageError):
    """A key or certificate cannot be used to sign, or to verify."""


class SignatureError(AuditError):
    """A signature does not hold for the manifest beside it."""


class TimestampError(AuditError):
    """A timestamp could not be had, or does not hold for the manifest beside it."""


class SnapshotError(UsageError):
    """A report or bundle of an earlier audit cannot be read back."""


class EvidenceError(UsageError):
    """A bundle of evidence cannot be read: it is none, altered, or refused."""
