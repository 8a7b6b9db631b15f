"""The words that options accept and the exit codes. It imports nothing heavy, so `--help` is fast."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from pathlib import Path

LAST_REPORT = Path("azml-audit-report")
"""The default folder of a report."""


class ExitCode(IntEnum):
    """The exit codes of every command; docs and help list them."""

    SATISFIED = 0
    VIOLATED = 1
    USAGE = 2
    INCOMPLETE = 3
    INTERNAL = 4
    INTERRUPTED = 130
    TERMINATED = 143


class Auth(StrEnum):
    """The ways to sign in."""

    DEFAULT = "default"
    CLI = "cli"
    MANAGED_IDENTITY = "managed-identity"
    WORKLOAD_IDENTITY = "workload-identity"
    ENVIRONMENT = "environment"
    DEVICE_CODE = "device-code"


class CloudName(StrEnum):
    """The clouds with a name."""

    AZURE = "AzureCloud"
    US_GOVERNMENT = "AzureUSGovernment"
    CHINA = "AzureChinaCloud"


class LogLevel(StrEnum):
    """The lowest level of log lines to write."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class TextFormat(StrEnum):
    """The formats of log lines and of a verification: for people, or for programs."""

    TEXT = "text"
    JSON = "json"


class TenantName(StrEnum):
    """The tenants that the emulator can serve."""

    DEMO = "demo"
    GENERATED = "generated"


class Collect(StrEnum):
    """The amount to read."""

    POLICY = "policy"
    ALL = "all"


class Discover(StrEnum):
    """The ways to find workspaces."""

    ARM = "arm"
    GRAPH = "graph"
    BOTH = "both"


class RoleFormat(StrEnum):
    """The formats of a custom role."""

    JSON = "json"
    AZ = "az"


class TrendFormat(StrEnum):
    """The formats of `history trend`."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    HTML = "html"
