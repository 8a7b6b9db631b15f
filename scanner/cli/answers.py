"""`azml-audit explain`, `reach` and `fix`: questions to the last audit, to a bundle, to exports or to Azure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scanner.cli.audit_options import Policies
from scanner.cli.azure_options import Scope, SignIn
from scanner.cli.command import command
from scanner.cli.options import Paths, given_options, named_path, options, the_one
from scanner.errors import UsageError

if TYPE_CHECKING:
    from checks.drift.model import Snapshot
    from scanner.questions.latest import Subject
    from scanner.terminal import Terminal

_option = options()
_audit = options("Which audit")


@dataclass(frozen=True, kw_only=True)
class WhichAudit:
    """The audit that a question is about. By default it is the report in azml-audit-report."""

    from_: Annotated[
        Paths,
        _audit(
            *("--from", "PATH"),
            "A report folder, an evidence bundle, or exported JSON. [default: azml-audit-report]",
            parser=named_path,
        ),
    ] = None
    live: Annotated[bool, _audit("--live", "", "Read Azure now, instead of files.")] = False

    def snapshot(
        self, terminal: Terminal, scope: Scope, sign_in: SignIn, policies: list[str] | None = None
    ) -> Snapshot:
        """Return the audit. Raises UsageError and SnapshotError."""
        from scanner.questions.latest import latest

        return latest(self.subject(terminal, scope, sign_in, policies), terminal)

    def subject(
        self, terminal: Terminal, scope: Scope, sign_in: SignIn, policies: list[str] | None = None
    ) -> Subject:
        """Return which audit to read. Raises UsageError for options that exclude each other."""
        from scanner.questions.latest import Subject

        path = the_one("--from", self.from_)
        if self.live and path is not None:
            raise UsageError("--live and --from exclude each other: read Azure, or name files.")
        if not self.live and (any(vars(scope).values()) or sign_in != SignIn()):
            raise UsageError("The options under Scope and Sign-in need --live, which reads Azure now.")
        return Subject(
            path=path,
            connect=(lambda: sign_in.connection(terminal)) if self.live else None,
            wanted=scope.wanted() if self.live else None,
            policies=tuple(policies or ("baseline",)),
        )


@command(
    examples=["explain mlw-forecast-prod", "explain pricing --from evidence.zip"],
    note="A part of the name is enough if only one workspace has it.",
)
def explain(
    terminal: Terminal,
    which: WhichAudit,
    scope: Scope,
    sign_in: SignIn,
    workspace: Annotated[
        str, typer.Argument(metavar="WORKSPACE", help="A name, a part of one, or a resource id.")
    ],
    policy: Policies = None,
    whole: Annotated[bool, _option("--whole", "", "List all findings.")] = False,
) -> int:
    """Explain one workspace: who may come in, where it may go, what to fix.

    --policy judges exports and Azure; a report and a bundle have their own findings.
    """
    from scanner.questions.explain import explain

    audit = which.snapshot(terminal, scope, sign_in, policy)
    return explain(workspace, audit, terminal.out, whole=whole)


@dataclass(frozen=True, kw_only=True)
class Listing:
    """How to list the answers."""

    whole: Annotated[bool, _option("--whole", "", "List all workspaces.")] = False
    as_json: Annotated[bool, _option("--json", "", "Print JSON.")] = False


@command(
    examples=[
        "reach mlw-forecast-prod pypi.org",
        "reach '*' 20.1.2.3:22/tcp --service-tags ServiceTags_Public.json",
        "reach --reverse '*.blob.core.windows.net' --from evidence.zip",
        "reach '*' Storage.WestEurope --json",
    ],
    note="Exit codes: 0 a workspace may reach it, 1 none may, 3 none is known to and at least one is unknown, "
    "2 usage error.",
)
def reach(
    terminal: Terminal,
    which: WhichAudit,
    scope: Scope,
    sign_in: SignIn,
    listing: Listing,
    source: Annotated[
        str | None, typer.Argument(metavar="SOURCE", help="A workspace: name, id or glob; '*' for all.")
    ] = None,
    destination: Annotated[
        str | None,
        typer.Argument(
            metavar="DESTINATION", help="HOST[:PORT][/PROTOCOL], address, service tag or resource id."
        ),
    ] = None,
    reverse: Annotated[
        str | None,
        _option("--reverse", "DESTINATION", "List every workspace that may reach this, or is unknown."),
    ] = None,
    service_tags: Annotated[
        Path | None,
        _option("--service-tags", "FILE", "Microsoft's JSON file of service tags, to place addresses."),
    ] = None,
) -> int:
    """Answer whether workspaces may reach a host, address or resource.

    The outbound rules, their status and action, the ports and the isolation mode decide. The command sends nothing to
    the destination and does not use DNS.
    """
    from scanner.questions.reach import Question, reach

    question = Question(
        source=_source(source, destination, reverse),
        destination=reverse or destination or "",
        reverse=reverse is not None,
        service_tags=service_tags,
        as_json=listing.as_json,
        whole=listing.whole,
    )
    return reach(question, which.snapshot(terminal, scope, sign_in), terminal.out)


def _source(source: str | None, destination: str | None, reverse: str | None) -> str:
    if reverse is not None and (source is not None or destination is not None):
        raise UsageError("--reverse asks about every workspace: leave out SOURCE and DESTINATION.")
    if reverse is None and (source is None or destination is None):
        raise UsageError(
            "Name SOURCE and DESTINATION, such as `reach '*' pypi.org`, or use --reverse DESTINATION."
        )
    return "*" if reverse is not None else source or ""


@command(
    examples=[
        "fix",
        "fix --top 5 --output fix.sh",
        "fix --workspace mlw-sandbox --prices prices.yaml",
        "fix --check RES009 --from evidence.zip --output fix.sh",
    ],
    note="The script prints what it would do. It runs steps with --apply, and steps that Azure bills, that stop work "
    "or that cannot be undone only with an option for each. azml-audit itself runs nothing.",
)
def fix(
    terminal: Terminal,
    context: typer.Context,
    which: WhichAudit,
    scope: Scope,
    sign_in: SignIn,
    top: Annotated[
        int | None, _option("--top", "N", "The first N fixes. [default: list 10, write all]", min=1)
    ] = None,
    workspace: Annotated[
        str | None,
        _option("--workspace", "NAME", "Only findings of this workspace: a name or a part of one."),
    ] = None,
    check: Annotated[str | None, _option("--check", "ID", "Only findings of this check.")] = None,
    output: Annotated[
        Path | None, _option("--output -o", "FILE", "Write a shell script. An existing file stays.")
    ] = None,
    prices: Annotated[
        Path | None,
        _option(
            "--prices", "FILE", "Prices as JSON or YAML: firewall_standard, firewall_basic, private_endpoint."
        ),
    ] = None,
    policy: Policies = None,
) -> int:
    """Rank the fixes of an audit, and write them as one script.

    A fix that removes several findings is listed once. --policy judges exports and Azure; a report and a bundle have
    their own findings.
    """
    from scanner.questions.fix import Choice, fix

    subject = which.subject(terminal, scope, sign_in, policy)
    given = given_options(context, without=("top", "check", "output"))
    choice = Choice(top=top, workspace=workspace, check=check, output=output, prices=prices, options=given)
    return fix(choice, subject, terminal)
