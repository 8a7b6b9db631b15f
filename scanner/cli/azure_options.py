"""The options about Azure that several commands share: what to read, how to sign in, and how hard to ask."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from scanner.choices import Auth, CloudName, Discover
from scanner.cli.options import Texts, options
from scanner.errors import ScopeError

if TYPE_CHECKING:
    from scanner.azure.pipeline import Patience
    from scanner.commands.connections import Connection
    from scanner.scope.wanted import Wanted
    from scanner.terminal import Terminal

_scope = options("Scope")
_sign_in = options("Sign-in")
_pace = options("Pace and resuming")

ManagementGroups = Annotated[
    Texts, _scope("--management-group", "ID", "Every subscription below this group. Repeatable.")
]


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The subscriptions and workspaces to read, and those to leave out on purpose."""

    scope: Annotated[
        Path | None,
        _scope("--scope", "FILE", "Read the whole scope from this YAML file. No other option of this group."),
    ] = None
    subscription: Annotated[
        Texts,
        _scope("--subscription -s", "ID|NAME", "Only this subscription. Repeatable. [default: all visible]"),
    ] = None
    management_group: ManagementGroups = None
    resource_group: Annotated[
        Texts, _scope("--resource-group", "GLOB", "Only workspaces in such resource groups. Repeatable.")
    ] = None
    tag: Annotated[
        Texts,
        _scope(
            *("--tag", "KEY=GLOB"),
            "Only workspaces with such a tag. Repeatable: one key takes any of its values, and all keys must match.",
        ),
    ] = None
    exclude_subscription: Annotated[
        Texts, _scope("--exclude-subscription", "ID|NAME", "Skip this subscription. Repeatable.")
    ] = None
    exclude_management_group: Annotated[
        Texts,
        _scope("--exclude-management-group", "ID", "Skip every subscription below this group. Repeatable."),
    ] = None
    exclude_state: Annotated[
        Texts,
        _scope(
            *("--exclude-state", "STATE"),
            "Skip subscriptions in this state: Enabled, Warned, PastDue, Disabled, Deleted. Repeatable.",
        ),
    ] = None
    exclude_quota_id: Annotated[
        Texts,
        _scope(
            *("--exclude-quota-id", "GLOB"),
            "Skip subscriptions with such a quotaId, such as MSDN_*. Repeatable.",
        ),
    ] = None

    def wanted(self) -> Wanted:
        """Return the scope as the reader takes it. Raises ScopeError."""
        from scanner.scope.wanted import Wanted

        if self == Scope():
            return Wanted()
        from scanner.scope.file import scope_in, scope_of_options, tags_of

        if self.scope is not None:
            self._check_alone()
            return scope_in(self.scope)
        words = {
            ("subscriptions",): self.subscription,
            ("management_groups",): self.management_group,
            ("resource_groups",): self.resource_group,
            ("exclude", "subscriptions"): self.exclude_subscription,
            ("exclude", "management_groups"): self.exclude_management_group,
            ("exclude", "states"): self.exclude_state,
            ("exclude", "quota_ids"): self.exclude_quota_id,
        }
        given = {path: values for path, values in words.items() if values}
        return scope_of_options(given, tags_of(self.tag or ()))

    def _check_alone(self) -> None:
        """Raise ScopeError if options of the scope are given beside a scope file."""
        given = [each.name for each in fields(self) if each.name != "scope" and getattr(self, each.name)]
        if given:
            names = ", ".join(f"--{name.replace('_', '-')}" for name in given)
            raise ScopeError(
                f"--scope {self.scope} has the whole scope. Move {names} into the file, or leave --scope out."
            )


@dataclass(frozen=True, kw_only=True)
class Discovery:
    """The way to find workspaces."""

    discover: Annotated[
        Discover | None,
        _scope(
            *("--discover", "HOW"),
            "arm lists the workspaces of every subscription; graph asks Resource Graph and lists only "
            "subscriptions that have workspaces; both compares the two. "
            "[default: both, or arm if Resource Graph refuses]",
            choices=Discover,
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """The cloud to ask, and the identity that asks."""

    auth: Annotated[Auth, _sign_in("--auth", "METHOD", f"{', '.join(Auth)}.", choices=Auth)] = Auth.DEFAULT
    tenant: Annotated[
        Texts,
        _sign_in("--tenant", "ID", "The tenant to sign in to. Repeatable: one report of several tenants."),
    ] = None
    client_id: Annotated[
        str | None, _sign_in("--client-id", "ID", "The client id of a user-assigned identity.")
    ] = None
    cloud: Annotated[
        CloudName, _sign_in("--cloud", "NAME", f"{', '.join(CloudName)}.", choices=CloudName)
    ] = CloudName.AZURE
    arm_endpoint: Annotated[
        str | None,
        _sign_in(
            *("--arm-endpoint", "URL"),
            "Azure Resource Manager of another cloud; its /metadata/endpoints describes the rest.",
        ),
    ] = None
    ca_bundle: Annotated[
        Path | None,
        _sign_in(
            "--ca-bundle",
            "FILE",
            "PEM certificates to trust instead of the system's. [default: REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE]",
        ),
    ] = None

    def for_tenants_of(self, wanted: Wanted) -> Wanted:
        """Return the scope with the tenants to sign in to. Raises ScopeError if a file names tenants, too."""
        if wanted.tenants and self.tenant:
            raise ScopeError("--tenant: the scope file names tenants, too. Leave out one of them.")
        tenants = wanted.tenants or self.tenant or ()
        twice = [each for each in tenants if [*map(str.lower, tenants)].count(each.lower()) > 1]
        if twice:
            raise ScopeError(f"--tenant {twice[0]}: the tenant is named twice. Leave one out.")
        return replace(wanted, tenants=tuple(tenants))

    def connection(
        self, terminal: Terminal, deadline: float | None = None, tenants: Sequence[str] = ()
    ) -> Connection:
        """Return the connection to the cloud, with those to the `tenants` of a scope file or of the option.

        Raises CloudError or CredentialError.
        """
        from scanner.azure.clouds import ca_bundle_of
        from scanner.commands.connections import connection

        return connection(
            auth=self.auth,
            cloud_name=self.cloud,
            arm_endpoint=self.arm_endpoint,
            tenants=tenants or self.tenant or (),
            client_id=self.client_id,
            ca_bundle=self.ca_bundle or ca_bundle_of(os.environ),
            prompt=terminal.prompt,
            deadline=deadline,
        )


@dataclass(frozen=True, kw_only=True)
class Pace:
    """The pace and the time limits of the questions, and the reuse of answers after an interruption."""

    max_concurrency: Annotated[
        int, _pace("--max-concurrency", "N", "The most requests at the same time.", min=1, max=512)
    ] = 256
    max_wait: Annotated[
        float, _pace("--max-wait", "SECONDS", "Total wait per subscription if Azure throttles.", min=0)
    ] = 300
    question_timeout: Annotated[
        float,
        _pace(
            *("--question-timeout", "SECONDS"),
            "Time for one question to Azure or for a token, retries included; then it becomes a gap.",
            min=1,
        ),
    ] = 120
    deadline: Annotated[
        float | None,
        _pace(
            *("--deadline", "SECONDS"),
            "Stop reading after this time; everything not read yet becomes a gap.",
            min=1,
        ),
    ] = None
    resume: Annotated[
        bool, _pace("--resume", "", "Continue an interrupted scan for this output, if there is one.")
    ] = False
    max_age: Annotated[
        float, _pace("--max-age", "SECONDS", "With --resume: read answers again that are older.", min=0)
    ] = 3600
    workers: Annotated[int, _pace("--workers", "N", "Read subscriptions in N processes.", min=1, max=256)] = 1
    dask: Annotated[
        str | None,
        _pace(
            *("--dask", "SCHEDULER"),
            "Read subscriptions on the workers of this Dask scheduler, such as tcp://host:8786. "
            "Needs the extra [dask].",
        ),
    ] = None

    def patience(self) -> Patience:
        """Return the limits as the request pipeline takes them."""
        from scanner.azure.pipeline import Patience

        return Patience(
            max_concurrency=self.max_concurrency,
            throttle_budget=self.max_wait,
            question_timeout=self.question_timeout,
            deadline=self.deadline,
        )
