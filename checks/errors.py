"""The root of every error azml-audit raises on purpose, and those of policies and registries."""


class AuditError(Exception):
    """What happened, to which id, and what to do about it: the message is shown to the user as it is."""


class PolicyError(AuditError):
    """A policy file says something no policy may say."""


class RegistryError(AuditError):
    """The installed checks cannot be used together."""
