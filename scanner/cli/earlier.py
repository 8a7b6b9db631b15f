"""Which options make no sense beside `--from`, and the error that says so."""

from __future__ import annotations

import typer

from scanner.errors import UsageError

LIVE_ONLY = frozenset(
    {
        *("subscription", "exclude_subscription", "management_group", "collect", "discover"),
        *("auth", "tenant", "client_id", "cloud", "arm_endpoint", "ca_bundle"),
        *("max_concurrency", "max_wait", "deadline", "resume", "max_age", "workers", "dask"),
    }
)


TIMESTAMPS = frozenset({"ca_bundle"})
"""Those that say how to ask a timestamp authority, too."""


def refuse_live_options(context: typer.Context) -> None:
    """Raise UsageError where the command line has an option that only says how to ask Azure."""
    refused = LIVE_ONLY - TIMESTAMPS if _is_given(context, "timestamp") else LIVE_ONLY
    given = [
        parameter.opts[0]
        for parameter in context.command.params
        if parameter.name in refused and _is_given(context, parameter.name)
    ]
    if given:
        options = ", ".join(given)
        raise UsageError(f"{options}: of no use with --from, which asks nothing of Azure. Leave it out.")


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
