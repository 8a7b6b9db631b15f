"""The command line of `azml-audit policies`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scanner.boundary import run
from scanner.cli import options

if TYPE_CHECKING:
    from scanner.terminal import Terminal

policies_app = typer.Typer(help="What to demand: the shipped policies and your own.", no_args_is_help=True)


@policies_app.command("list")
def policies_list() -> None:
    """List the shipped policies."""

    def listed(terminal: Terminal) -> int:
        from scanner.commands.policies import list_policies

        return list_policies(terminal.out)

    run(listed)


@policies_app.command("show", epilog="Example: azml-audit policies show baseline > mine.yaml")
def policies_show(name: Annotated[str, typer.Argument(metavar="NAME|FILE")]) -> None:
    """Show a policy as it is written."""

    def shown(terminal: Terminal) -> int:
        from scanner.commands.policies import show_policy

        return show_policy(name, terminal.out)

    run(shown)


@policies_app.command("validate", epilog="Example: azml-audit policies validate mine.yaml")
def policies_validate(names: Annotated[list[str], typer.Argument(metavar="FILE…")]) -> None:
    """Check policy files: exit 0 where all are valid, 2 where one is not."""

    def validated(terminal: Terminal) -> int:
        from scanner.commands.policies import validate_policies

        return validate_policies(names, terminal)

    run(validated)


@policies_app.command("schema", epilog="Example: azml-audit policies schema > policy.schema.json")
def policies_schema() -> None:
    """Print the JSON Schema of policy files, for editors that complete and validate them."""

    def printed(terminal: Terminal) -> int:
        from scanner.commands.policies import show_schema

        return show_schema(terminal.out)

    run(printed)


@policies_app.command("init", epilog="Example: azml-audit policies init corp.yaml")
def policies_init(
    file: Annotated[Path, typer.Argument(metavar="[FILE]")] = options.DEFAULT_POLICY_FILE,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it exists.")] = False,
) -> None:
    """Write a commented policy to start from. [default: azml-audit-policy.yaml]"""

    def written(terminal: Terminal) -> int:
        from scanner.commands.policies import write_starter

        return write_starter(file, force=force, out=terminal.out)

    run(written)


@policies_app.command(
    "explain",
    epilog="Example: azml-audit policies explain /subscriptions/…/workspaces/mlw-fraud --policy corp.yaml "
    "--tag env=prod",
)
def policies_explain(
    workspace: Annotated[str, typer.Argument(metavar="WORKSPACE", help="Its full resource id.")],
    policy: options.Policies = None,
    subscription_name: options.SubscriptionName = None,
    kind: options.Kind = None,
    location: options.Location = None,
    tag: options.Tags = None,
    management_group: options.LiesBelow = None,
) -> None:
    """Show what a policy demands of a workspace, and where each value was said. Asks nothing of Azure."""

    def explained(terminal: Terminal) -> int:
        from scanner.commands.explanation import explain, facts_of

        facts = facts_of(
            workspace,
            subscription=subscription_name,
            kind=kind,
            location=location,
            tags=tag,
            management_groups=management_group,
        )
        return explain(facts, policy or options.DEFAULT_POLICIES, terminal.out)

    run(explained)
