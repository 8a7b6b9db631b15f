"""The root of the errors that azml-audit raises on purpose, and the errors of policies and of the registry."""


class AuditError(Exception):
    """An error whose message is for the user: what happened, to what, and what to do."""


class PolicyError(AuditError):
    """A policy file is not valid."""


class RegistryError(AuditError):
    """The installed checks cannot be used together."""
