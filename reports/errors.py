"""What can go wrong while a report is written."""

from checks.errors import AuditError


class ReportError(AuditError):
    """A report cannot be written, or not where it was asked for."""


class UnwritableReportError(ReportError):
    """The audit ran, but the file system refused its report."""
