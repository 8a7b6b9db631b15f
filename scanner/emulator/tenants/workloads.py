"""Builds what runs in a workspace: computes, endpoints and deployments."""

from __future__ import annotations

from collections.abc import Mapping

from scanner.emulator.tenants.builders import CREATED, Site, guid, system_assigned
from scanner.emulator.tenants.tenant import Resource
from scanner.emulator.versions import WORKSPACES, Document


def cluster(
    site: Site,
    name: str,
    *,
    public_ip: bool | None = False,
    login: str = "Disabled",
    subnet: str | None = None,
) -> Resource:
    """An AmlCompute cluster; `public_ip` None is reported as null, `login` is the SSH port's access."""
    properties = {
        "vmSize": "STANDARD_DS3_V2",
        "vmPriority": "Dedicated",
        "scaleSettings": {"maxNodeCount": 4, "minNodeCount": 0, "nodeIdleTimeBeforeScaleDown": "PT2M"},
        "subnet": {"id": subnet} if subnet else None,
        "currentNodeCount": 0,
        "allocationState": "Steady",
        "errors": None,
        "remoteLoginPortPublicAccess": login,
        "osType": "Linux",
        "isolatedNetwork": False,
        "enableNodePublicIp": public_ip,
    }
    return _compute(site, name, "AmlCompute", properties, disableLocalAuth=login == "Disabled")


def instance(
    site: Site,
    name: str,
    *,
    public_address: str | None = None,
    ssh: str = "Disabled",
    is_latest: bool = True,
) -> Resource:
    """A ComputeInstance, with a public address if one is given."""
    properties: Document = {
        "vmSize": "STANDARD_DS3_V2",
        "subnet": None,
        "sshSettings": {"sshPublicAccess": ssh, "adminUserName": "azureuser", "sshPort": 50000},
        "errors": [],
        "connectivityEndpoints": {"publicIpAddress": public_address, "privateIpAddress": "10.0.0.4"},
        "applications": [],
        "state": "Running",
        "createdBy": {"userOrgId": guid("organisation"), "userId": guid("user", name), "userName": "j.doe"},
        "applicationSharingPolicy": "Personal",
        "enableNodePublicIp": public_address is not None,
        "enableSSO": True,
        "osImageMetadata": {
            "currentImageVersion": "25.12.05" if is_latest else "25.02.11",
            "latestImageVersion": "25.12.05",
            "isLatestOsImageVersion": is_latest,
        },
    }
    return _compute(site, name, "ComputeInstance", properties, disableLocalAuth=ssh == "Disabled")


def kubernetes(site: Site, name: str) -> Resource:
    """An attached Kubernetes cluster, with the secrets that such a body carries and nobody may keep."""
    target = site.place.id_of("Microsoft.ContainerService/managedClusters", name)
    relay = (
        f"Endpoint=sb://{name}.servicebus.windows.net/;SharedAccessKeyName=relay;SharedAccessKey=NOT-A-SECRET"
    )
    properties = {
        "relayConnectionString": relay,
        "serviceBusConnectionString": relay,
        "extensionPrincipalId": guid("extension", site.id, name),
        "extensionInstanceReleaseTrain": "stable",
        "namespace": "azureml",
        "defaultInstanceType": "defaultinstancetype",
        "instanceTypes": {"defaultinstancetype": {"resources": {"limits": {"cpu": "2", "memory": "8Gi"}}}},
    }
    return _compute(site, name, "Kubernetes", properties, resourceId=target, isAttachedCompute=True)


def virtual_machine(site: Site, name: str, address: str) -> Resource:
    """An attached virtual machine reached over SSH."""
    target = site.place.id_of("Microsoft.Compute/virtualMachines", name)
    properties = {"address": address, "sshPort": 22, "administratorAccount": {"username": "azureuser"}}
    return _compute(site, name, "VirtualMachine", properties, resourceId=target, isAttachedCompute=True)


def older(compute: Resource, created: str) -> Resource:
    """The compute, created at another time, such as "2020-01-31T12:00:00Z"."""
    properties = {**compute.body["properties"], "createdOn": created}
    return Resource(body={**compute.body, "properties": properties})


def elsewhere(compute: Resource, location: str) -> Resource:
    """The same compute in another region."""
    properties = {**compute.body["properties"], "computeLocation": location}
    return Resource(body={**compute.body, "location": location, "properties": properties})


def online_endpoint(
    site: Site,
    name: str,
    *,
    access: str | None = "Disabled",
    auth: str = "AADToken",
    cluster_name: str | None = None,
) -> Resource:
    """A managed online endpoint; `access` None leaves publicNetworkAccess out.

    An attached Kubernetes cluster serves it if `cluster_name` names one.
    """
    location = site.place.location
    properties = {
        "authMode": auth,
        "description": None,
        "compute": f"{site.id}/computes/{cluster_name}" if cluster_name else None,
        "provisioningState": "Succeeded",
        "scoringUri": f"https://{name}.{location}.inference.ml.azure.com/score",
        "swaggerUri": f"https://{name}.{location}.inference.ml.azure.com/swagger.json",
        "traffic": {"blue": 100},
        "mirrorTraffic": {},
        **({} if access is None else {"publicNetworkAccess": access}),
    }
    return _child(site, "onlineEndpoints", name, properties, kind="K8S" if cluster_name else "Managed")


def deployment(site: Site, endpoint: str, *, egress: str = "Enabled", name: str = "blue") -> Resource:
    """A managed deployment; `egress` Disabled is the legacy isolation of its outbound traffic."""
    properties = {
        "endpointComputeType": "Managed",
        "instanceType": "Standard_DS3_v2",
        "model": f"{site.id}/models/{endpoint}/versions/1",
        "environmentId": f"{site.id}/environments/{endpoint}/versions/1",
        "provisioningState": "Succeeded",
        "appInsightsEnabled": False,
        "egressPublicNetworkAccess": egress,
    }
    return _child(site, f"onlineEndpoints/{endpoint}/deployments", name, properties, kind="Managed")


def batch_endpoint(site: Site, name: str, *, auth: str = "AADToken") -> Resource:
    """Return a batch endpoint; its body never has a member for public access."""
    uri = f"https://{name}.{site.place.location}.inference.ml.azure.com/jobs"
    properties = {
        "authMode": auth,
        "defaults": {"deploymentName": "default"},
        "scoringUri": uri,
        "provisioningState": "Succeeded",
    }
    return _child(site, "batchEndpoints", name, properties)


def serverless_endpoint(site: Site, name: str) -> Resource:
    """A serverless endpoint of a model from the catalogue."""
    properties = {
        "authMode": "Key",
        "contentSafety": {"contentSafetyStatus": "Enabled"},
        "modelSettings": {"modelId": "azureml://registries/azureml-meta/models/example-model"},
        "provisioningState": "Succeeded",
        "endpointState": "Online",
    }
    return _child(site, "serverlessEndpoints", name, properties, sku={"name": "Consumption"})


def _compute(site: Site, name: str, kind: str, properties: Mapping[str, object], **rest: object) -> Resource:
    common = {
        "createdOn": CREATED,
        "modifiedOn": CREATED,
        "disableLocalAuth": True,
        "description": None,
        "resourceId": None,
        "computeType": kind,
        "computeLocation": site.place.location,
        "provisioningState": "Succeeded",
        "provisioningErrors": None,
        "isAttachedCompute": False,
        "properties": dict(properties),
    }
    return _child(site, "computes", name, {**common, **rest})


def _child(site: Site, collection: str, name: str, properties: Document, **rest: object) -> Resource:
    full_id = f"{site.id}/{collection}/{name}"
    body = {
        "id": full_id,
        "name": name,
        "type": f"{WORKSPACES}/{'/'.join(collection.split('/')[0::2])}",
        "location": site.place.location,
        "tags": {},
        "identity": system_assigned(full_id),
        "properties": properties,
        **rest,
    }
    return Resource(body=body)
