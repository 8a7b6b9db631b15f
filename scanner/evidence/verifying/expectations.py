"""Compare a bundle with what its reader expects: scope, policies, identity, tenant, version and age.

`azml-audit verify --expect FILE` reads them, in YAML or JSON:

    subscriptions: [5f0c6a5e-0000-4000-8000-000000000001, Payments]
    policies: [baseline, ours.yaml, 6b1f…]     # as shipped, as in the file, or by digest
    scope: scope.yaml
    tenant: 5f0c6a5e-0000-4000-8000-00000000000a
    not_older_than: 7d
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from checks.model import Check, Severity
from checks.policy.model import Policy
from scanner.errors import UsageError
from scanner.evidence.statement import ScanRecord, Statement, SubscriptionRecord
from scanner.evidence.verifying.levels import Level
from scanner.policies import LoadedPolicy, loaded, shipped, shipped_text
from scanner.policy_yaml import document, text_of
from scanner.scope.file import scope_in
from scanner.scope.wanted import Wanted

EVERYTHING = "everything"
"""The expectation of a scope without any rule."""

_DIGEST = re.compile(r"(sha256:)?(?P<digest>[0-9a-fA-F]{64})")
_AGE = re.compile(r"(?P<count>\d{1,6})(?P<unit>[smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


_Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_Words = Annotated[Sequence[_Word], Field(min_length=1)]


class Expectations(BaseModel):
    """The expectations of the reader of a bundle. A member that is not given is not compared; none may be empty."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subscriptions: _Words = ()
    management_groups: _Words = ()
    policies: _Words = ()
    scope: _Word | None = None
    identity: _Word | None = None
    tenant: _Word | None = None
    tool_version: _Word | None = None
    not_older_than: str | None = None
    fail_on: Severity | None = None
    level: Level | None = None

    @field_validator("not_older_than", mode="before")
    @classmethod
    def _age(cls, value: object) -> str | None:
        """Keep the text of an age or a time; YAML reads a date as one."""
        text = None if value is None else str(value)
        if text is not None:
            oldest(text, datetime.now(UTC))
        return text

    @property
    def are_given(self) -> bool:
        """Return whether anything is expected."""
        return self != Expectations()


def expectations_in(path: Path) -> Expectations:
    """Read a file of expectations. Names of policy files count from its folder. Raises UsageError."""
    try:
        found: Any = document(text_of(path), str(path))
        read = Expectations.model_validate({} if found is None else found)
    except (OSError, ValueError) as error:
        problem = error
        if isinstance(error, ValidationError):
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"])) or "the document"
            raise UsageError(f"--expect {path}: {place}: {first['msg']}. {_KNOWN}") from error
        raise UsageError(f"--expect {path}: could not read the file: {problem}") from error
    if not read.are_given:
        raise UsageError(f"--expect {path}: the file expects nothing. {_KNOWN}")
    beside = [each if _is_word(each) else str(path.parent / each) for each in read.policies]
    scope = read.scope if read.scope in (None, EVERYTHING) else str(path.parent / str(read.scope))
    return read.model_copy(update={"policies": tuple(beside), "scope": scope})


_KNOWN = f"Known are: {', '.join(Expectations.model_fields)}."


def oldest(text: str, now: datetime) -> datetime:
    """Return the earliest time that an age such as `7d`, or a date, allows. Raises ValueError."""
    if age := _AGE.fullmatch(text.strip()):
        return now - timedelta(**{_UNITS[age["unit"]]: int(age["count"])})
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(
            f"{text!r} is neither an age such as 7d or 12h nor a time such as 2026-11-21"
        ) from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def differences(
    expected: Expectations,
    statement: Statement,
    policies: Sequence[LoadedPolicy],
    registry: Mapping[str, Check],
    now: datetime,
) -> Iterator[str]:
    """Yield a text for everything that is not as expected. Raises PolicyError for an unusable policy file."""
    record, derived = statement.record, statement.derived
    if expected.subscriptions:
        yield from _subscriptions(expected.subscriptions, derived.subscriptions)
    if expected.management_groups:
        yield from _management_groups(expected.management_groups, statement)
    if expected.policies:
        yield from _policies(expected.policies, policies, registry)
    if expected.scope:
        yield from _scope(expected.scope, record.asked_for.wanted)
    yield from _fail_on(expected, record, policies)
    yield from _identity(expected, statement)
    if expected.tool_version and record.tool_version != expected.tool_version:
        yield f"azml-audit {expected.tool_version} is expected, and {record.tool_version} sealed the bundle."
    if expected.not_older_than and record.started_at < oldest(expected.not_older_than, now):
        yield f"The scan started at {record.started_at.isoformat()}, before {expected.not_older_than}."


def _fail_on(expected: Expectations, record: ScanRecord, policies: Sequence[LoadedPolicy]) -> Iterator[str]:
    """Compare the severity from which on a violation counts. Without --fail-on, the policies decide it."""
    if expected.fail_on is None and not expected.policies:
        return
    for policy in policies:
        own = policy.composition.fail_on.value
        wanted, found = (expected.fail_on or policy.composition.fail_on).value, record.fail_on or own
        if wanted != found:
            by = " by --fail-on" if record.fail_on else ""
            yield f"Policy {policy.policy.name} is expected to fail on {wanted}, and the scan failed on {found}{by}."


def _scope(expected: str, asked: Wanted) -> Iterator[str]:
    """Compare every rule of the scope with those of a scope file, or with none."""
    rules = (Wanted() if expected == EVERYTHING else scope_in(Path(expected), "--expect-scope")).rules
    for name, found in asked.rules.items():
        if found != rules[name]:
            own = rules[name] or "none"
            yield f"The scope {expected} is expected, with {name} {own}; the scan had {found or 'none'}."


def _management_groups(expected: Sequence[str], statement: Statement) -> Iterator[str]:
    read = {each.name.lower() for each in statement.derived.management_groups if each.read}
    asked = {group.lower(): group for group in statement.record.asked_for.management_groups}
    wanted = {group.lower(): group for group in expected}
    for key in sorted(wanted.keys() - asked.keys()):
        yield f"Management group {wanted[key]} is expected, and the scan did not ask for it."
    for key in sorted(asked.keys() - wanted.keys()):
        yield f"Management group {asked[key]} was asked for, and is not expected."
    for key in sorted((wanted.keys() & asked.keys()) - read):
        yield f"Management group {wanted[key]} is expected, and was not read completely."


def _identity(expected: Expectations, statement: Statement) -> Iterator[str]:
    by = statement.record.asked_by
    ids = {by.object_id, by.application_id} - {""} if by else set()
    if expected.identity and expected.identity.lower() not in {each.lower() for each in ids}:
        yield f"Identity {expected.identity} is expected; asked by: {', '.join(sorted(ids)) or 'none'}."
    asked_by = [each for each in (by, *statement.record.also_asked_by) if each]
    tenants = {*statement.derived.tenants, *(each.tenant_id for each in asked_by if each.tenant_id)}
    if expected.tenant and {each.lower() for each in tenants} != {expected.tenant.lower()}:
        yield f"Tenant {expected.tenant} is expected; found: {', '.join(sorted(tenants)) or 'none'}."


def shipped_policies(
    policies: Iterable[LoadedPolicy], sealed_by: str, version: str
) -> Iterator[tuple[bool, str]]:
    """Yield, for each policy file with a shipped name, whether it is the shipped one, and a text."""
    names = set(shipped())
    layers = {layer.policy.name: layer for each in policies for layer in each.composition.layers}
    for name, layer in sorted(layers.items()):
        if name in names:
            is_shipped = layer.text == shipped_text(name)
            as_shipped = "as shipped" if is_shipped else "NOT as shipped"
            by = "" if sealed_by == version else f" (the bundle was sealed by {sealed_by})"
            yield is_shipped, f"Policy {name} is {as_shipped} in azml-audit {version}{by}."


def _subscriptions(expected: Sequence[str], found: Sequence[SubscriptionRecord]) -> Iterator[str]:
    matched: set[str] = set()
    for wanted in expected:
        same = [
            each for each in found if wanted.lower() == each.subscription_id.lower() or wanted == each.name
        ]
        matched |= {each.subscription_id for each in same}
        if not same or all(each.read is None for each in same):
            yield f"Subscription {wanted} is expected, and the scan did not read it."
        for each in same:
            if each.read is False:
                yield f"Subscription {wanted} is expected, and was not read: {each.why}"
    for each in found:
        if each.read is not None and each.subscription_id not in matched:
            yield f"Subscription {each.subscription_id} ({each.name}) was read, and is not expected."


def _policies(
    expected: Sequence[str], found: Sequence[LoadedPolicy], registry: Mapping[str, Check]
) -> Iterator[str]:
    """Compare policies by digest, or wholly with those of files: a digest does not cover waivers."""
    left = list(found)
    for each in expected:
        if digest := _DIGEST.fullmatch(each):
            same = [policy for policy in left if policy.composition.digest == digest["digest"].lower()]
            words = f"The policy with digest {each}"
        else:
            (wanted,) = loaded([each], registry)
            same = [policy for policy in left if _content(policy) == _content(wanted)]
            words = f"Policy {each}, with its waivers,"
        if not same:
            yield f"{words} is expected, and is not in the bundle."
        left = [policy for policy in left if policy not in same]
    for policy in left:
        yield f"Policy {policy.policy.name} with digest {policy.composition.digest} is not expected."


def _content(policy: LoadedPolicy) -> list[Policy]:
    return [layer.policy for layer in policy.composition.layers]


def _is_word(policy: str) -> bool:
    return policy in shipped() or _DIGEST.fullmatch(policy) is not None or Path(policy).is_absolute()


def replaced(expected: Expectations, members: Mapping[str, object]) -> Expectations:
    """Return the expectations with the members that are given. Raises UsageError."""
    given = {name: value for name, value in members.items() if value is not None and value != []}
    try:
        return Expectations.model_validate(expected.model_dump(exclude_defaults=True) | given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0])
        raise UsageError(
            f"{_OPTIONS.get(name, f'--expect-{name}').replace('_', '-')}: {first['msg']}."
        ) from error


_OPTIONS = {
    "subscriptions": "--expect-subscription",
    "management_groups": "--expect-management-group",
    "policies": "--expect-policy",
    "not_older_than": "--not-older-than",
}
