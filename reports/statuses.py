"""The order in which reports list statuses, verdicts and severities."""

from __future__ import annotations

from checks.model import Severity, Status
from checks.severity import Verdict

STATUS_ORDER = (Status.UNKNOWN, Status.ERROR, Status.FAIL, Status.NOT_APPLICABLE, Status.PASS)
"""Unknown comes before fail, so that a gap is not hidden behind failures."""

VERDICT_ORDER = (
    Verdict.UNDETERMINED,
    Verdict.VIOLATED,
    Verdict.WAIVED,
    Verdict.CONSEQUENCE,
    Verdict.COMPLIANT,
)

SEVERITY_ORDER = tuple(severity.value for severity in Severity)
"""The worst first."""

NEEDS_ACTION = frozenset({Status.FAIL.value, Status.UNKNOWN.value, Status.ERROR.value})
"""The statuses of findings that ask for a fix, a permission or a bug report."""

SETTLED_STATES = frozenset({"succeeded", ""})
"""The provisioning states of a workspace, in lower case, that need no remark. "" is not reported."""
