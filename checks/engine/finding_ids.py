"""Makes the id of a finding, which is the same in every report, under every policy and in every run."""

from __future__ import annotations

import hashlib
import uuid

from checks.frames import pd

NAMESPACE = uuid.UUID("5db00fe7-2db2-5dcf-ac89-b8ffb8a3f2be")
"""The namespace of all UUIDs of this project, made of the URL `urn:azml-audit:finding`. It never changes."""


def stable_uuid(*words: str) -> str:
    """Return the UUIDv5 (RFC 9562) of the words, joined by line feeds."""
    name = "\n".join(words).encode("utf-8", errors="surrogatepass")
    digest = hashlib.sha1(NAMESPACE.bytes + name, usedforsecurity=False).digest()
    return str(uuid.UUID(bytes=digest[:16], version=5))


def finding_id(check_id: str, resource_id: str, workspace_id: str = "") -> str:
    """Return the id of a check's finding on a resource. The case of ids does not matter.

    A resource outside its workspace, such as a storage account that two workspaces share, has a finding
    for each of them: only then is the workspace part of the id.
    """
    resource, workspace = resource_id.lower(), workspace_id.lower()
    is_inside = resource == workspace or resource.startswith(workspace + "/")
    return stable_uuid(check_id, resource, *([] if is_inside or not workspace else [workspace]))


def finding_ids(findings: pd.DataFrame) -> pd.Series[str]:
    """Return the id of every finding, on its index, from check_id, resource_id and workspace_id."""
    named = [findings[name].astype(object).fillna("") for name in ("check_id", "resource_id", "workspace_id")]
    made: dict[tuple[str, str, str], str] = {}
    ids = []
    for key in zip(*named, strict=True):
        if key not in made:
            made[key] = finding_id(*key)
        ids.append(made[key])
    return pd.Series(ids, index=findings.index, dtype="string")
