"""Audits that hold everything a format must show: every verdict, gaps, two policies, hostile names."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any

import pandas as pd

from checks.contract.tables import Tables
from reports.audit import Audit
from reports.formats.registry import RENDERERS
from tests.support.audits.audits import CHECKS, CRASHING, audit_of, waiver
from tests.support.audits.tenants import HOSTILE_NAMES, tenant

LONE_SURROGATE = "mlw-\ud800-lone"
NAMES = (*HOSTILE_NAMES, "=cmd()", "+1|`x`|@octocat", "\x00\x0b\uffff]]>&", "emoji-🦊")
SHARED = ("check_id", "title", "severity", "status", "verdict", "workspace_id", "policy", "waiver")
REASON = "Borne by <b>us</b> | `all` @octocat =1+1"


ROOT = "ab" * 32
REFERENCES = "0123456789abcdef#/value/3/properties/a~1b%20c fedcba9876543210#"
"""What evidence refers to; the pointer is a URI fragment."""


@cache
def rich_audit() -> Audit:
    """Of the emulator: two policies, one with a waiver of most NET001, and a check that crashes.

    What findings share is categorical, and one observation holds what UTF-8 cannot.
    """
    audit = audit_of(
        tenant(len(NAMES) * 2, rules=8, names={n * 2: name for n, name in enumerate(NAMES)}),
        {"base line/1": (*CHECKS, CRASHING), "strict": CHECKS[:2]},
        waivers=[
            waiver("NET001", "*mlw*", reason=REASON),
            waiver("PEP001", reason="Late.", expires="2026-01-01"),
        ],
        is_azure=False,
    )
    observed = audit.findings["observed"].astype(object).tolist()
    observed[0] = LONE_SURROGATE
    findings = audit.findings.astype(dict.fromkeys(SHARED, "category"))
    return replace(
        audit,
        findings=findings.assign(observed=pd.Series(observed, dtype=object)),
        root_digest=ROOT,
        evidence=pd.Series(REFERENCES, index=findings.index),
    )


@cache
def plain_audit() -> Audit:
    """Of Azure: a tenant without a workspace, of which everything was read."""
    return audit_of(Tables.of())


@cache
def file(name: str, format_name: str, audit: str = "rich") -> bytes:
    """A file of one of the two audits; rendered once for all tests."""
    return b"".join(RENDERERS[format_name](rich_audit() if audit == "rich" else plain_audit())[name])


@cache
def document(name: str, format_name: str, audit: str = "rich") -> Any:
    """The same, read as JSON by something that takes no lone surrogate."""
    return json.loads(file(name, format_name, audit).decode("utf-8", errors="strict"))


def count(**wanted: str) -> int:
    """How many findings of the rich audit have these values."""
    findings = rich_audit().findings
    for name, value in wanted.items():
        findings = findings[findings[name].eq(value)]
    return len(findings)
