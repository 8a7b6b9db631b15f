"""A compute that a fix deletes and creates again keeps every setting, which `az ml compute create` would not."""

from __future__ import annotations

import copy
import json
import warnings
from pathlib import Path
from typing import Any

import jmespath
import pytest
import yaml

from checks.registry import registry
from tests.support.fix_lines import commands, filled, uncommented

_IDENTITIES = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
_SUBNET = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/net/subnets/ml"
_IDENTITY = {
    "type": "SystemAssigned,UserAssigned",
    "principalId": "00000000-0000-4000-8000-000000000001",
    "userAssignedIdentities": {f"{_IDENTITIES}/one": {"clientId": "a"}, f"{_IDENTITIES}/it's $HOME": {}},
}

INSTANCE: dict[str, Any] = {
    "id": "compute_id",
    "name": "ci",
    "location": "westeurope",
    "tags": {"owner": "d'Arc", "cost": "`x` $1 \\"},
    "identity": _IDENTITY,
    "properties": {
        "computeType": "ComputeInstance",
        "computeLocation": "northeurope",
        "description": 'Größe "M"',
        "disableLocalAuth": True,
        "properties": {
            "vmSize": "STANDARD_DS3_V2",
            "enableNodePublicIp": True,
            "subnet": {"id": _SUBNET},
            "applicationSharingPolicy": "Personal",
            "idleTimeBeforeShutdown": "PT30M",
            "sshSettings": {"sshPublicAccess": "Enabled", "adminPublicKey": "ssh-rsa AAAA", "sshPort": 50000},
            "personalComputeInstanceSettings": {"assignedUser": {"objectId": "o", "tenantId": "t"}},
            "schedules": {
                "computeStartStop": [{"action": "Stop", "status": "Enabled", "triggerType": "Cron"}]
            },
            "setupScripts": {
                "scripts": {"startupScript": {"scriptSource": "inline", "scriptData": "ZWNobw=="}}
            },
            "enableSSO": False,
            "customServices": [{"name": "rstudio"}],
        },
    },
}
CLUSTER: dict[str, Any] = {
    "id": "compute_id",
    "name": "gpu",
    "location": "westeurope",
    "tags": {},
    "identity": {"type": "SystemAssigned"},
    "properties": {
        "computeType": "AmlCompute",
        "computeLocation": "northeurope",
        "disableLocalAuth": True,
        "properties": {
            "vmSize": "STANDARD_NC6",
            "vmPriority": "LowPriority",
            "osType": "Linux",
            "isolatedNetwork": False,
            "enableNodePublicIp": True,
            "remoteLoginPortPublicAccess": "Enabled",
            "scaleSettings": {"minNodeCount": 1, "maxNodeCount": 7, "nodeIdleTimeBeforeScaleDown": "PT5M"},
            "userAccountCredentials": {"adminUserName": "azureuser", "adminUserSshPublicKey": "ssh-rsa AAAA"},
        },
    },
}

_PUBLIC = {"properties.properties.enableNodePublicIp": False}
_MANAGED = {**_PUBLIC, "properties.properties.subnet": None}
CHANGES: dict[str, dict[str, Any]] = {
    "CMP001": _PUBLIC,
    "CMP002": {**_PUBLIC, "properties.properties.subnet": {"id": "$SUBNET_ID"}},
    "CMP003": _MANAGED,
    "CMP004": {**_PUBLIC, "properties.computeLocation": "$REGION"},
    "CMP006": _PUBLIC,
    "CMP007": {**_PUBLIC, "properties.disableLocalAuth": True},
    "CMP008": _PUBLIC,
    "CMP009": _PUBLIC,
    "MVN001": _MANAGED,
    "MVN002": _MANAGED,
    "NET006": _MANAGED,
}
"""What the fix of each check changes in the description of a compute."""

_SSH = {
    "ComputeInstance": {"properties.properties.sshSettings.sshPublicAccess": "Disabled"},
    "AmlCompute": {"properties.properties.remoteLoginPortPublicAccess": "Disabled"},
}


def saving_query(check_id: str) -> str:
    """Return the query with which the steps save a compute."""
    text = uncommented(filled(registry()[check_id].remediation)["az"])
    (words, *_) = [
        each.words
        for each in commands(text)
        if (
            each.line.startswith("az rest --method get")
            and "compute" in each.line
            and each.line.endswith(".json")
        )
        or ("$COMPUTE.json" in each.line and "--method get" in each.line)
    ]
    return words[words.index("--query") + 1]


def changed(body: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    made = copy.deepcopy(body)
    for path, value in changes.items():
        *above, name = path.split(".")
        place = made
        for part in above:
            place = place[part]
        place[name] = value
    return made


@pytest.mark.parametrize("body", [INSTANCE, CLUSTER], ids=["instance", "cluster"])
@pytest.mark.parametrize("check_id", list(CHANGES))
def test_every_member_survives_but_the_one_that_the_check_is_about(
    check_id: str, body: dict[str, Any]
) -> None:
    saved = jmespath.search(saving_query(check_id), body)
    wanted = {
        **CHANGES[check_id],
        **(_SSH[body["properties"]["computeType"]] if check_id == "CMP006" else {}),
    }
    assert saved == changed(body, wanted)


def created_by_az_ml(body: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the body that `az ml compute create` sends for the file that `az ml compute show` writes."""
    file = folder / "compute.yml"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from azure.ai.ml import load_compute
        from azure.ai.ml._restclient.arm_ml_service.models import ComputeResource
        from azure.ai.ml.entities import Compute

        shown = Compute._from_rest_object(ComputeResource(copy.deepcopy(body)))._to_dict()
        file.write_text(yaml.safe_dump(json.loads(json.dumps(shown))), encoding="utf-8")
        compute = load_compute(file)
        compute._set_full_subnet_name("s", "rg")
        sent: dict[str, Any] = compute._to_rest_object().as_dict()
    return sent


def test_az_ml_resets_local_authentication_of_a_cluster_with_an_account(tmp_path: Path) -> None:
    body = changed(CLUSTER, {"properties.properties.subnet": {"id": _SUBNET}})
    assert created_by_az_ml(body, tmp_path)["properties"]["disableLocalAuth"] is False


def test_az_ml_resets_local_authentication_and_sharing_of_an_instance(tmp_path: Path) -> None:
    plain = dict.fromkeys(("customServices", "schedules", "setupScripts"))
    body = changed(INSTANCE, {f"properties.properties.{name}": value for name, value in plain.items()})
    sent = created_by_az_ml(body, tmp_path)["properties"]
    assert sent["disableLocalAuth"] is False
    assert sent["properties"]["applicationSharingPolicy"] == "Shared"


def test_az_ml_cannot_create_a_saved_cluster_without_a_subnet(tmp_path: Path) -> None:
    with pytest.raises(AttributeError, match="lower"):
        created_by_az_ml(CLUSTER, tmp_path)
