"""Measures, on the installed SDK, the facts that `scanner/azure/arm.py` gives as its reason to read raw JSON."""

from __future__ import annotations

import json
from typing import Any

from azure.core.credentials import AccessToken
from azure.mgmt.machinelearningservices import MachineLearningServicesMgmtClient
from azure.mgmt.machinelearningservices.models import Workspace

from scanner.emulator.server import emulated
from scanner.emulator.tenants.generated import generated_tenant
from scanner.emulator.tenants.identity import EXPIRES_ON, access_token

TENANT = generated_tenant(subscriptions=1, workspaces=3, rules=2, seed=5)
SUBSCRIPTION = str(TENANT.subscriptions[0]["subscriptionId"])


class _Credential:
    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return AccessToken(access_token(TENANT.tenant_id), EXPIRES_ON)


def test_the_sdks_model_of_a_workspace_sees_no_network() -> None:
    members = Workspace._attribute_map
    assert "public_network_access" not in members
    assert "managed_network" not in members


def test_asked_at_a_newer_version_the_sdk_receives_the_network_and_drops_it() -> None:
    received: list[Any] = []
    with emulated(TENANT) as emulator:
        client = MachineLearningServicesMgmtClient(
            _Credential(), SUBSCRIPTION, base_url=emulator.url, api_version="2025-12-01"
        )
        listed = client.workspaces.list_by_subscription(
            raw_response_hook=lambda response: received.append(response.http_response.text()),
            enforce_https=False,
        )
        workspaces = list(listed)
        client.close()
    raw = [item for page in received for item in json.loads(page)["value"]]
    assert len(workspaces) == len(raw) == 3
    assert all("managedNetwork" in item["properties"] for item in raw)
    assert all("publicNetworkAccess" in item["properties"] for item in raw)
    kept = json.dumps(
        [[each.serialize(keep_readonly=True), each.additional_properties] for each in workspaces]
    )
    assert "managedNetwork" not in kept
    assert "publicNetworkAccess" not in kept
