"""The errors of writing a report."""

from checks.errors import AuditError


class ReportError(AuditError):
    """A report cannot be written, or not into that folder."""


class UnwritableReportError(ReportError):
    """The audit ran, but the file system refused to write its report."""
