"""The cloud that a command reads, and the identity it signs in with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from azure.core.credentials_async import AsyncSupportsTokenInfo

from scanner.azure.clouds import KNOWN, Cloud, discovered, source_words
from scanner.azure.credentials import credential
from scanner.choices import Auth, CloudName


@dataclass(frozen=True, kw_only=True)
class Connection:
    """A cloud and a credential for it. `source` describes both in the reports.

    `make_credential` makes the same credential on a worker, so that no credential is ever sent there.
    """

    cloud: Cloud
    credential: AsyncSupportsTokenInfo
    make_credential: Callable[[], AsyncSupportsTokenInfo]
    source: str
    is_azure: bool
    ca_bundle: Path | None = None


def connection(
    *,
    auth: Auth,
    cloud_name: CloudName,
    arm_endpoint: str | None,
    tenant: str | None,
    client_id: str | None,
    ca_bundle: Path | None,
    prompt: Callable[[str], None],
    deadline: float | None = None,
) -> Connection:
    """Return the connection to a cloud. Raises CloudError or CredentialError."""
    cloud = asyncio.run(discovered(arm_endpoint, ca_bundle, deadline)) if arm_endpoint else KNOWN[cloud_name]
    signed_in = credential(
        auth, cloud, tenant=tenant, client_id=client_id, ca_bundle=ca_bundle, prompt=prompt
    )
    return Connection(
        cloud=cloud,
        credential=signed_in,
        make_credential=partial(
            credential, auth, cloud, tenant=tenant, client_id=client_id, ca_bundle=ca_bundle
        ),
        source=source_words(cloud.arm_endpoint, cloud.name),
        is_azure=not cloud.is_loopback,
        ca_bundle=ca_bundle,
    )
