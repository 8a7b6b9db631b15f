"""The root of every error that azml-audit raises on purpose, and the errors of policies and registries."""


class AuditError(Exception):
    """An error whose message is shown to the user as it is: what happened, to which id, and what to do."""


class PolicyError(AuditError):
    """A policy file is invalid."""


class RegistryError(AuditError):
    """The installed checks cannot be used together."""
