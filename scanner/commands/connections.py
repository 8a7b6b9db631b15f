"""The cloud that a command reads, and the identity it signs in with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from azure.core.credentials_async import AsyncSupportsTokenInfo

from scanner.azure.clouds import KNOWN, Cloud, discovered, source_words
from scanner.azure.credentials import credential
from scanner.choices import Auth, CloudName


@dataclass(frozen=True, kw_only=True)
class Connection:
    """A cloud and a credential for it. `source` describes both in the reports.

    `make_credential` makes the same credential on a worker, so that no credential is ever sent there. If a scan reads
    several tenants, `tenant` is the first one, and `others` are the connections to the other tenants.
    """

    cloud: Cloud
    credential: AsyncSupportsTokenInfo
    make_credential: Callable[[], AsyncSupportsTokenInfo]
    source: str
    is_azure: bool
    ca_bundle: Path | None = None
    tenant: str = ""
    others: tuple[Connection, ...] = ()


def connection(
    *,
    auth: Auth,
    cloud_name: CloudName,
    arm_endpoint: str | None,
    tenants: Sequence[str] = (),
    client_id: str | None,
    ca_bundle: Path | None,
    prompt: Callable[[str], None],
    deadline: float | None = None,
) -> Connection:
    """Return the connection to a cloud, with a sign-in of its own for each tenant.

    Raises CloudError or CredentialError.
    """
    cloud = (
        asyncio.run(discovered(arm_endpoint, ca_bundle, deadline))
        if arm_endpoint is not None
        else KNOWN[cloud_name]
    )

    def connected(tenant: str | None) -> Connection:
        make = partial(credential, auth, cloud, tenant=tenant, client_id=client_id, ca_bundle=ca_bundle)
        return Connection(
            cloud=cloud,
            credential=make(prompt=prompt),
            make_credential=make,
            source=source_words(cloud.arm_endpoint, cloud.name),
            is_azure=not cloud.is_loopback,
            ca_bundle=ca_bundle,
            tenant=tenant or "" if len(tenants) > 1 else "",
        )

    first, *others = [connected(each) for each in tenants or (None,)]
    return replace(first, others=tuple(others))
