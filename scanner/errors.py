"""The errors that azml-audit raises on purpose: one tree below `checks.errors.AuditError`."""

from __future__ import annotations

from checks.errors import AuditError


class UsageError(AuditError):
    """The request cannot be carried out. Nothing was scanned."""


class CloudError(UsageError):
    """The cloud's endpoint, authority or audience cannot be used."""


class CredentialError(UsageError):
    """Sign-in failed: there is no token."""


class ScopeError(UsageError):
    """A subscription or management group cannot be found, or its name is ambiguous."""


class RefusedRequestError(AuditError):
    """azml-audit never sends this request: it writes, or it carries a token to another host."""


class WaitUsedUpError(RefusedRequestError):
    """Azure throttled for longer than --max-wait allows, so a request was not sent."""


class DeadlineError(RefusedRequestError):
    """The time of the scan is used up, so a request was not sent or not waited for."""


class TooLargeError(RefusedRequestError):
    """An answer is larger than the limit, so the rest of it was not read."""


class TooSlowError(RefusedRequestError):
    """A question was not answered in its time, retries included."""


class ExportError(UsageError):
    """The path of --from is not an export."""


class SigningKeyError(UsageError):
    """A key or certificate cannot sign or verify."""


class SignatureError(AuditError):
    """A signature does not match the manifest beside it."""


class TimestampError(AuditError):
    """A timestamp could not be obtained, or does not match the manifest beside it."""


class SnapshotError(UsageError):
    """A report or evidence bundle of an earlier audit cannot be read."""


class EvidenceError(UsageError):
    """An evidence bundle cannot be read: it is altered, refused, or not a bundle."""


class ArchiveError(AuditError):
    """An archive could not be read or written."""


class FormatVersionError(EvidenceError):
    """An evidence bundle has another version of the format than this azml-audit reads."""
