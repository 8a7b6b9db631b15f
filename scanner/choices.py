"""The words options take. Light: the command line shows its help without importing the SDK or pandas."""

from __future__ import annotations

from enum import StrEnum


class Auth(StrEnum):
    """How to sign in."""

    DEFAULT = "default"
    CLI = "cli"
    MANAGED_IDENTITY = "managed-identity"
    WORKLOAD_IDENTITY = "workload-identity"
    ENVIRONMENT = "environment"
    DEVICE_CODE = "device-code"


class CloudName(StrEnum):
    """The clouds known by name."""

    AZURE = "AzureCloud"
    US_GOVERNMENT = "AzureUSGovernment"
    CHINA = "AzureChinaCloud"


class LogLevel(StrEnum):
    """From which level on log lines are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How log lines look."""

    TEXT = "text"
    JSON = "json"


class TenantName(StrEnum):
    """The tenants the emulator can serve."""

    DEMO = "demo"
    GENERATED = "generated"


class Collect(StrEnum):
    """How much to read."""

    POLICY = "policy"
    ALL = "all"


class Discover(StrEnum):
    """Who tells which workspaces there are."""

    ARM = "arm"
    GRAPH = "graph"
    BOTH = "both"


class RoleFormat(StrEnum):
    """How a custom role is printed."""

    JSON = "json"
    AZ = "az"


class VerifyFormat(StrEnum):
    """How a verification is printed."""

    TEXT = "text"
    JSON = "json"
