"""The smallest parts of OSCAL documents: properties, texts, and UUIDs of the things that they name."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping

from checks.engine.finding_ids import stable_uuid
from checks.policy.judge import PolicyVerdict
from reports.audit import Audit
from reports.origin import moment
from reports.tables.check_counts import CheckCount

NAMESPACE = "https://azml-audit.invalid/ns/oscal"
"""The namespace of our properties. The address does not exist; trestle 3, for OSCAL 1.1, takes no URN."""

_ACTED_UPON = re.compile(r"([\\`*_\[\]])")


def props(values: Mapping[str, str], namespace: str | None = NAMESPACE) -> Iterator[dict[str, str]]:
    """Return a property for each value; OSCAL does not allow an empty one."""
    return (prop(name, one_line(value), namespace) for name, value in values.items() if one_line(value))


def prop(name: str, value: str, namespace: str | None = NAMESPACE) -> dict[str, str]:
    """Return one property."""
    return {"name": name, **({"ns": namespace} if namespace else {}), "value": value}


def markup(text: str) -> str:
    """Return the text as OSCAL's Markdown, with everything escaped that Markdown acts upon."""
    return html.escape(_ACTED_UPON.sub(r"\\\1", text), quote=False)


def one_line(text: str) -> str:
    """Return the text on one line without spaces around it, as OSCAL's type string requires."""
    return " ".join(text.split())


def uuid_of(audit: Audit, *words: str) -> str:
    """Return the UUID of the thing that the words name, in this audit."""
    return stable_uuid("oscal", moment(audit.started_at), *words)


def subject_uuid(audit: Audit, resource_id: str) -> str:
    """Return the UUID of a resource."""
    return uuid_of(audit, "subject", resource_id.lower())


def observation_uuid(audit: Audit, policy: str, finding_id: str) -> str:
    """Return the UUID of the observation of a finding."""
    return uuid_of(audit, "observation", policy, finding_id)


def count_uuid(audit: Audit, group: CheckCount) -> str:
    """Return the UUID of the observation that counts findings of a check."""
    return uuid_of(audit, "observation", group.policy, group.check_id, group.status)


def gap_uuid(audit: Audit, verdict: PolicyVerdict, number: int) -> str:
    """Return the UUID of the observation of a gap."""
    return uuid_of(audit, "gap", verdict.policy, str(number))


def risk_uuid(audit: Audit, policy: str, check_id: str, waiver: str) -> str:
    """Return the UUID of a waiver of a check."""
    return uuid_of(audit, "risk", policy, check_id, waiver)
