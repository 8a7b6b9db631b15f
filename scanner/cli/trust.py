"""The options of `azml-audit verify`: whom its user trusts, and what the bundle should be about."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from scanner.cli.options import Texts, options

if TYPE_CHECKING:
    from scanner.evidence.verifying.expectations import Expectations
    from scanner.evidence.verifying.verification import Expected
    from scanner.evidence.verifying.work_paper import Paper

_trust = options("Trust")
_expect = options("Expectations")
_papers = options("Series and work papers")


@dataclass(frozen=True, kw_only=True)
class Trust:
    """Digests, keys and certificates from another place than the bundle."""

    root: Annotated[
        str | None, _trust("--root", "DIGEST", "The root digest, from another place than the bundle.")
    ] = None
    key: Annotated[
        list[Path] | None,
        _trust("--key", "FILE", "PEM public key whose valid signature is required. Repeatable."),
    ] = None
    trusted_keys: Annotated[
        list[Path] | None,
        _trust(
            *("--trusted-keys", "FILE|DIR"),
            "PEM file with public keys, or a folder of them. A signature by one of them is required.",
        ),
    ] = None
    tsa_ca: Annotated[
        Path | None,
        _trust(
            *("--tsa-ca", "FILE"),
            "PEM roots of the timestamp authority. If given, a valid timestamp is required.",
        ),
    ] = None

    def expected(self, expectations: Expectations) -> Expected:
        """Return everything that the user gave."""
        from scanner.evidence.verifying.verification import Expected

        return Expected(
            root=self.root,
            keys=tuple(self.key or ()),
            trusted_keys=tuple(self.trusted_keys or ()),
            tsa_ca=self.tsa_ca,
            expectations=expectations,
        )


@dataclass(frozen=True, kw_only=True)
class Expect:
    """The expected content of the bundle. A difference is an error."""

    expect: Annotated[
        Path | None,
        _expect(
            *("--expect", "FILE"),
            "YAML or JSON with subscriptions, management_groups, policies, scope, identity, tenant, tool_version, "
            "not_older_than, fail_on and level. The options below replace its members.",
        ),
    ] = None
    expect_subscription: Annotated[
        Texts, _expect("--expect-subscription", "ID|NAME", "These subscriptions and no others. Repeatable.")
    ] = None
    expect_management_group: Annotated[
        Texts,
        _expect("--expect-management-group", "ID", "These management groups and no others. Repeatable."),
    ] = None
    expect_policy: Annotated[
        Texts,
        _expect(
            *("--expect-policy", "NAME|FILE|DIGEST"),
            "These policies and no others: as shipped, as in a file, or by digest. Repeatable.",
        ),
    ] = None
    expect_scope: Annotated[
        str | None,
        _expect(
            "--expect-scope", "FILE|everything", "The rules of this scope file and no others, or no rule."
        ),
    ] = None
    expect_identity: Annotated[
        str | None, _expect("--expect-identity", "ID", "The object id or application id that asked.")
    ] = None
    expect_tenant: Annotated[str | None, _expect("--expect-tenant", "ID", "The only tenant.")] = None
    expect_tool_version: Annotated[
        str | None, _expect("--expect-tool-version", "VERSION", "The azml-audit that sealed the bundle.")
    ] = None
    not_older_than: Annotated[
        str | None, _expect("--not-older-than", "AGE|TIME", "An age such as 7d or 12h, or a date.")
    ] = None

    def expectations(self) -> Expectations:
        """Return the expectations of the file and the options. Raises UsageError."""
        from scanner.evidence.verifying.expectations import Expectations, expectations_in, replaced

        read = expectations_in(self.expect) if self.expect else Expectations()
        return replaced(
            read,
            {
                "subscriptions": self.expect_subscription,
                "management_groups": self.expect_management_group,
                "policies": self.expect_policy,
                "scope": self.expect_scope,
                "identity": self.expect_identity,
                "tenant": self.expect_tenant,
                "tool_version": self.expect_tool_version,
                "not_older_than": self.not_older_than,
            },
        )


@dataclass(frozen=True, kw_only=True)
class Papers:
    """The series to verify, and the work paper to write."""

    chain: Annotated[
        Path | None,
        _papers(
            *("--chain", "DIR"),
            "Verify every bundle in this folder, and that each names the one before it.",
        ),
    ] = None
    report: Annotated[
        Path | None, _papers("--report", "FILE", "Write a work paper in Markdown. Never overwrites a file.")
    ] = None
    sample: Annotated[
        int, _papers("--sample", "N", "The number of findings that the work paper traces.", min=0, max=1000)
    ] = 10

    def paper(self) -> Paper | None:
        """Return the work paper to write. Raises UsageError if it exists."""
        from scanner.evidence.verifying.work_paper import paper_at

        return paper_at(self.report, self.sample) if self.report else None
