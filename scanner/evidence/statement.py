"""The statement of a bundle: who scanned what and when, and the counts that must agree."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from scanner.errors import EvidenceError
from scanner.scope.wanted import Wanted

STATEMENT = "statement.json"
SCHEMA_ID = "urn:azml-audit:evidence-statement:2.1"


def _escaped(value: object) -> object:
    """Replace lone surrogates, which UTF-8 cannot encode, by their escapes."""
    return value.encode(errors="backslashreplace").decode() if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_escaped)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AskedBy(_Model):
    """The identity in the claims of the token that was used. The token is never stored."""

    identity_type: Text = Field(
        description="User, service principal or managed identity, if the claims show it."
    )
    tenant_id: Text = Field(description="The claim tid.")
    object_id: Text = Field(description="The claim oid.")
    application_id: Text = Field(description="The claim appid or azp.")


class AskedFor(_Model):
    """The scope that the user named, and what was to be read. Empty lists mean everything the identity sees."""

    tenants: list[Text] = Field(
        default=[], description="The tenants to sign in to; empty for that of the credential."
    )
    subscriptions: list[Text]
    excluded_subscriptions: list[Text]
    management_groups: list[Text]
    excluded_management_groups: list[Text] = Field(default=[], description="Management groups left out.")
    excluded_states: list[Text] = Field(default=[], description="States of subscriptions left out.")
    excluded_quota_ids: list[Text] = Field(default=[], description="Globs on the quotaId of those left out.")
    resource_groups: list[Text] = Field(
        default=[], description="Globs: a workspace is in scope if one matches its resource group."
    )
    tags: dict[Text, list[Text]] = Field(
        default={}, description="Globs by tag: a workspace is in scope if it has every tag with such a value."
    )
    scope_file: Text | None = Field(
        default=None, description="The text of the scope file; null if options name the scope."
    )
    kinds: list[Text] = Field(description="The kinds to read of each workspace beyond itself.")
    members: list[Text] = Field(
        description="The members of each workspace, or of its properties, that were to be read."
    )
    single_reads: Literal["sampled", "all"] = Field(
        default="sampled",
        description="all: every workspace was to be read singly. sampled: those that the samples do not make needless.",
    )
    discovery: Literal["arm", "graph", "both", "default"] = Field(
        description="The services that list the workspaces: Resource Manager, Resource Graph, or both; by default "
        "both, where a refusal of Resource Graph is no gap."
    )

    @property
    def wanted(self) -> Wanted:
        """The scope as the reader and the tables take it."""
        return Wanted(
            tenants=self.tenants,
            subscriptions=self.subscriptions,
            excluded=self.excluded_subscriptions,
            management_groups=self.management_groups,
            excluded_management_groups=self.excluded_management_groups,
            excluded_states=self.excluded_states,
            excluded_quota_ids=self.excluded_quota_ids,
            resource_groups=self.resource_groups,
            tags=self.tags,
            file=self.scope_file,
        )


def scope_members(wanted: Wanted) -> dict[str, Any]:
    """Return the members of `AskedFor` that describe a scope: the inverse of `AskedFor.wanted`."""
    return {
        "tenants": list(wanted.tenants),
        "subscriptions": list(wanted.subscriptions),
        "excluded_subscriptions": list(wanted.excluded),
        "management_groups": list(wanted.management_groups),
        "excluded_management_groups": list(wanted.excluded_management_groups),
        "excluded_states": list(wanted.excluded_states),
        "excluded_quota_ids": list(wanted.excluded_quota_ids),
        "resource_groups": list(wanted.resource_groups),
        "tags": {name: list(globs) for name, globs in wanted.tags.items()},
        "scope_file": wanted.file,
    }


class ScanRecord(_Model):
    """Facts that only the scanning machine knows. They cannot be derived again."""

    tool_version: Text
    python: Text
    libraries: dict[Text, Text] = Field(description="Versions of what decides: name to version.")
    command: list[Text] = Field(description="The command line, secrets replaced.")
    source: Text = Field(description="The source of the facts, in words.")
    is_azure: bool
    cloud: Text
    endpoint: Text
    asked_by: AskedBy | None = Field(description="null where nobody was asked, as with an export.")
    also_asked_by: list[AskedBy] = Field(
        default=[],
        description="The identities in the other tenants of the scan, in the order of the sign-ins.",
    )
    asked_for: AskedFor
    fail_on: Text | None = Field(description="The severity given on the command line, if any.")
    started_at: AwareDatetime
    finished_at: AwareDatetime
    replay_of: Text | None = Field(default=None, description="The root digest of the bundle that was read.")
    previous_root: Text | None = Field(
        default=None, description="The root digest of the bundle before this one, if it is one of a series."
    )


class SubscriptionRecord(_Model):
    """One subscription the identity sees or the user named."""

    subscription_id: Text
    name: Text | None
    state: Text | None
    tenant_id: Text | None
    read: bool | None = Field(description="True if it was read to the end; null if it was not asked for.")
    workspaces: int | None
    left_out_by: Text | None = Field(description="The rule of the scope that leaves it out on purpose.")
    workspaces_left_out: int | None = Field(
        description="The number of its workspaces that a rule leaves out."
    )
    why: Text | None = Field(description="Why it was not read, or another note.")


class ManagementGroup(_Model):
    """A management group whose subscriptions were asked for."""

    name: Text
    read: bool


class KindOfPayload(_Model):
    """The number of answers of one kind, their bytes, and one digest over all their ids."""

    count: int
    bytes: int
    digest: Text = Field(description="SHA-256 of the sorted ids, joined by line feeds.")


class Count(_Model):
    """Two ways of counting that must agree."""

    claim: Text
    counted: int
    expected: int
    holds: bool


class SampleOfLists(_Model):
    """Why workspaces whose list item lacks a member were not read singly, or why they were."""

    api_version: Text
    region: Text
    is_project: bool = Field(description="True for Projects, which have the network of their hub.")
    member: Text
    lacking: int = Field(description="The number of workspaces with a list item that lacks the member.")
    read: int = Field(description="The number of them that were read singly.")
    answers: list[Text] = Field(
        description="The first single reads in the order of the SHA-256 of the ids, at most three, as payload ids."
    )
    brought_by: list[Text] = Field(
        description="Single reads with a member that their list item lacks, at most three. With one, all workspaces "
        "of the api-version and region whose items lack a member are read singly."
    )


class PolicyResult(_Model):
    """The result of one policy."""

    name: Text
    digest: Text
    verdict: Text
    fail_on: Text
    checks: list[Text]
    findings: int
    score: float | None


class Derived(_Model):
    """Values that follow from payloads and policies. `azml-audit verify` derives them again."""

    tenants: list[Text]
    management_groups: list[ManagementGroup]
    subscriptions_seen: int
    subscriptions_read: int
    subscriptions_unread: int
    subscriptions_not_asked_for: int
    subscriptions_left_out: int
    workspaces: int
    workspaces_left_out: int
    gaps: int
    subscriptions: list[SubscriptionRecord]
    payloads: dict[Text, KindOfPayload]
    policies: list[PolicyResult]
    samples: list[SampleOfLists] = Field(
        default=[], description="The results of single reads about the members that lists left out."
    )
    reconciliation: list[Count]


class Statement(_Model):
    """The statement of a bundle: `record` comes from the scan, `derived` follows from the payloads.

    The published name of `record` is `told`.
    """

    schema_version: Literal["2.1"] = "2.1"
    record: ScanRecord = Field(alias="told")
    derived: Derived


def statement_bytes(statement: Statement) -> bytes:
    """Return the statement as JSON."""
    return statement.model_dump_json(indent=1, by_alias=True).encode() + b"\n"


def statement_in(text: bytes) -> Statement:
    """Parse the statement. Raises EvidenceError, which names the wrong member."""
    try:
        return Statement.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise EvidenceError(f"{STATEMENT} is altered: {place}: {first['msg']}.") from error


def statement_schema() -> dict[str, Any]:
    """Return the JSON Schema of statement.json."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        **Statement.model_json_schema(),
    }
