"""What others do instead, one request after the other: the management SDK, or azure-ai-ml.

    python tests/benchmarks/peers.py management|azure-ai-ml ENDPOINT CA_PEM

The management SDK lists workspaces and sees no managed network. azure-ai-ml (not a dependency: install it
beside) gets each workspace and lists its outbound rules. Neither checks nor writes anything. azure-ai-ml's
telemetry is off.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import requests
from azure.identity import ClientSecretCredential
from azure.mgmt.machinelearningservices import MachineLearningServicesMgmtClient
from azure.mgmt.resource.subscriptions import SubscriptionClient

from scanner.emulator.tenants.identity import CLIENT_ID, CLIENT_SECRET, TENANT_ID


def by_management_sdk(endpoint: str, credential: Any, subscriptions: list[str]) -> tuple[int, int]:
    """How many workspaces and rules there are, as far as this way can tell."""
    found = 0
    for subscription in subscriptions:
        scopes = [f"{endpoint}/.default"]
        with MachineLearningServicesMgmtClient(
            credential, subscription, base_url=endpoint, credential_scopes=scopes
        ) as client:
            found += sum(1 for _ in client.workspaces.list_by_subscription())
    return found, 0


def by_azure_ai_ml(endpoint: str, credential: Any, subscriptions: list[str]) -> tuple[int, int]:
    """How many workspaces and rules there are."""
    ml_client: Any = import_module("azure.ai.ml").MLClient

    metadata = {
        "resource_manager": f"{endpoint}/",
        "active_directory": endpoint,
        "aml_resource_id": f"{endpoint}/",
        "azure_portal": endpoint,
        "storage_endpoint": "core.example",
        "registry_discovery_endpoint": endpoint,
    }
    ask_stable_versions()
    workspaces = rules = 0
    for subscription in subscriptions:
        client = ml_client(
            credential,
            subscription,
            cloud="emulator",
            cloud_metadata=metadata,
            enable_telemetry=False,
        )
        for workspace in client.workspaces.list(scope="subscription"):
            group = ml_client(
                credential,
                subscription,
                workspace.resource_group,
                cloud="emulator",
                cloud_metadata=metadata,
                enable_telemetry=False,
            )
            read = group.workspaces.get(workspace.name)
            workspaces += 1
            if read.managed_network and read.managed_network.isolation_mode != "disabled":
                rules += sum(1 for _ in group.workspace_outbound_rules.list(workspace.name))
    return workspaces, rules


def ask_stable_versions() -> None:
    """Ask with the stable sibling of the preview version azure-ai-ml uses: the emulator offers no preview."""
    send = requests.Session.send

    def asking(session: requests.Session, request: requests.PreparedRequest, **options: Any) -> Any:
        request.url = (request.url or "").replace("-preview", "")
        return send(session, request, **options)

    requests.Session.send = asking  # type: ignore[assignment,method-assign]


def main() -> None:
    """Run one of them and print what it saw."""
    way, endpoint, authority = sys.argv[1:]
    if way == "azure-ai-ml" and find_spec("azure.ai") is None:
        raise SystemExit("azure-ai-ml is not installed")
    os.environ["REQUESTS_CA_BUNDLE"] = authority
    credential = ClientSecretCredential(
        TENANT_ID,
        CLIENT_ID,
        CLIENT_SECRET,
        authority=endpoint,
        disable_instance_discovery=True,
        connection_verify=authority,
    )
    scopes = [f"{endpoint}/.default"]
    with SubscriptionClient(credential, base_url=endpoint, credential_scopes=scopes) as client:
        subscriptions = [str(each.subscription_id) for each in client.subscriptions.list()]
    read = by_management_sdk if way == "management" else by_azure_ai_ml
    workspaces, rules = read(endpoint, credential, subscriptions)
    print(f"{way}: {workspaces} workspaces, {rules} rules")


if __name__ == "__main__":
    main()
