"""`azml-audit policies`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scanner.cli.audit_options import DEFAULT_POLICIES, Policies
from scanner.cli.command import command
from scanner.cli.options import Texts, options

if TYPE_CHECKING:
    from scanner.terminal import Terminal

_facts = options("Facts about the workspace")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The facts that selectors can ask about a workspace, beside its id."""

    subscription_name: Annotated[
        str | None, _facts("--subscription-name", "NAME", "The display name of its subscription.")
    ] = None
    kind: Annotated[str | None, _facts("--kind", "KIND", "Default, Hub, Project or FeatureStore.")] = None
    location: Annotated[str | None, _facts("--location", "REGION", "Its region.")] = None
    tag: Annotated[Texts, _facts("--tag", "NAME=VALUE", "One of its tags. Repeatable.")] = None
    management_group: Annotated[
        Texts, _facts("--management-group", "ID", "A group above its subscription. Repeatable.")
    ] = None


@command(
    "explain",
    examples=["policies explain WORKSPACE_ID --policy corp.yaml --tag env=prod"],
)
def explain_policy(
    terminal: Terminal,
    workspace: Annotated[
        str, typer.Argument(metavar="WORKSPACE_ID", help="Its resource id: /subscriptions/…/workspaces/NAME.")
    ],
    facts: Facts,
    policy: Policies = None,
) -> int:
    """Show what a policy demands of one workspace, and why.

    The command does not ask Azure: give the facts that the policy's selectors ask for.
    """
    from scanner.commands.explain import explain, facts_of

    known = facts_of(
        workspace,
        subscription=facts.subscription_name,
        kind=facts.kind,
        location=facts.location,
        tags=facts.tag,
        management_groups=facts.management_group,
    )
    return explain(known, policy or DEFAULT_POLICIES, terminal.out)


@command("list", examples=["policies list"])
def list_policies(terminal: Terminal) -> int:
    """List the shipped policies."""
    from scanner.commands.policies import list_policies

    return list_policies(terminal.out)


@command("show", examples=["policies show baseline > mine.yaml"])
def show_policy(
    terminal: Terminal,
    name: Annotated[str, typer.Argument(metavar="NAME|FILE", help="A shipped policy or a policy file.")],
) -> int:
    """Print the text of a policy."""
    from scanner.commands.policies import show_policy

    return show_policy(name, terminal.out)


@command("init", examples=["policies init", "policies init corp.yaml"])
def init_policy(
    terminal: Terminal,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.")] = Path(
        "azml-audit-policy.yaml"
    ),
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it exists.")] = False,
) -> int:
    """Write a commented policy file to start from."""
    from scanner.commands.policies import write_starter

    return write_starter(file, force=force, out=terminal.out)


@command(
    "validate",
    examples=["policies validate mine.yaml"],
    note="Exit codes: 0 all files are valid, 2 a file is not.",
)
def validate_policies(
    terminal: Terminal,
    names: Annotated[list[str], typer.Argument(metavar="FILE…", help="Policy files or shipped policies.")],
) -> int:
    """Check policy files; errors name the file and the line."""
    from scanner.commands.policies import validate_policies

    return validate_policies(names, terminal)


@command("schema", examples=["policies schema > policy.schema.json"])
def policy_schema(terminal: Terminal) -> int:
    """Print the JSON Schema of policy files, for editors."""
    from scanner.commands.policies import show_schema

    return show_schema(terminal.out)


COMMANDS = (explain_policy, list_policies, show_policy, init_policy, validate_policies, policy_schema)
