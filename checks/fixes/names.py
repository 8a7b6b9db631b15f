"""The names that a user of a fix has to set, and what each is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

NAMES: Final[Mapping[str, str]] = {
    "access_policies": "the access policies that the vault has now, [] if it uses roles",
    "address": "a public IPv4 address or range of the clients, such as 203.0.113.0/29",
    "address_rules": "the names of the profile's inbound rules that admit too many addresses, or []",
    "addresses": "the public IPv4 addresses and ranges of the clients, with commas between them in az",
    "ai_services_id": "the resource id of the AI services account",
    "application_insights_id": "the resource id of the Application Insights of the new workspace",
    "application_type": "the Application_Type that the component has now, such as web",
    "association": "the name of the association, which the list shows",
    "auth_mode": "the authentication mode that the endpoint has now",
    "cluster": "the name of a compute cluster of the workspace",
    "compute": "the name of a compute cluster or instance of the workspace",
    "defaults": "the defaults block that the batch endpoint has now",
    "dependencies": "id and subresource (blob, file, vault, registry or amlworkspace) of each dependency that the "
    "reason names",
    "dependency_id": "the resource id of the storage account, vault, registry or workspace that the reason names",
    "deployment": "the name of a deployment of the endpoint",
    "egress_deployment": "the name of the new deployment",
    "endpoint": "the name of the online endpoint",
    "endpoint_name": "a name for the private endpoint",
    "host": "the full host name that the work needs",
    "encryption": "the encryption block that the workspace has now, null if it has none",
    "hbi_workspace": "whether the workspace has the flag for high business impact now",
    "identity": "the identity block that the resource has now",
    "identity_id": "the resource id of a user-assigned identity",
    "ip_rules": "the IP rules that the resource has now",
    "isolation_mode": "the isolation mode of the old workspace: AllowInternetOutbound or AllowOnlyApprovedOutbound",
    "key_id": "the versioned identifier of the key, https://VAULT.vault.azure.net/keys/NAME/VERSION",
    "key_vault_id": "the resource id of the key vault of the new workspace",
    "key_vault_of_key_id": "the resource id of the key vault that has the key",
    "kind": "the kind that the resource has now; Default if Azure shows none for a workspace",
    "location": "the location that the resource has now",
    "log_analytics_id": "the resource id of the Log Analytics workspace",
    "model_settings": "the modelSettings block that the serverless endpoint has now",
    "new_hub_id": "the resource id of the new hub of the Project",
    "new_name": "a new name",
    "new_workspace": "a name for the new workspace",
    "old_rule": "the name of the host-name rule that is to go",
    "needs_own_rule": "true if the managed network allows the internet, or is to, and no rule leads to the workspace "
    "itself",
    "open_endpoint_ids": "the resource ids of the managed online endpoints that are open, those of the Projects of a "
    "hub included; [] if there is none",
    "open_endpoints": "name (WORKSPACE/ENDPOINT), location, identity, authMode and traffic of each managed online "
    "endpoint that is open, those of the Projects of a hub included; [] if there is none",
    "perimeter_profile": "the name of the profile, which the list of associations shows",
    "perimeter_rule": "the name of a wide inbound rule, which the list shows",
    "port_ranges": "the ports that the work needs, such as 443",
    "principal_id": "the principal id of the workspace identity",
    "protocol": "the protocol that the work needs: TCP, UDP or ICMP",
    "registries": "name and location of the container registry of the workspace in a list; [] if it has none, or a "
    "Premium one",
    "registry_ids": "the resource id of the container registry of the workspace in a list; [] if it has none, or a "
    "Premium one",
    "resource_access_rules": "the resource access rules that the account has now",
    "rule_name": "a name for the new rule",
    "search_service_id": "the resource id of the search service",
    "service_tag": "the service tag that the reason names, BatchNodeManagement with the region: "
    "BatchNodeManagement.westeurope",
    "service_tags": "the service tags that the reason names, BatchNodeManagement with the region",
    "share": "the percentage of the endpoint's traffic that the old deployment gets now",
    "sku": "the firewall tier that the policy requires: Standard or Basic",
    "storage_account_id": "the resource id of the storage account of the new workspace",
    "subnet_id": "the resource id of the subnet",
    "subscription_rules": "the names of the profile's inbound rules that admit a subscription that the policy does not "
    "allow, or []",
    "subresource": "the sub-resource of the target, such as blob, file, vault or registry",
    "target_id": "the resource id of the one resource that the work needs",
    "tenant_id": "the tenant of the vault",
    "tier": "the sku that the resource has now, such as Standard_LRS of a storage account",
    "traffic": "the traffic that each deployment of the endpoint gets now",
    "virtual_network_id": "the resource id of the virtual network of the clients",
    "virtual_network_rules": "the virtual network rules that the resource has now",
    "vm_size": "the VM size of the compute",
    "vnet_link": "a name for the link between the DNS zone and the virtual network",
    "zone_group": "the resource group for the private DNS zones",
}
"""A name as Terraform writes it, and what the user sets it to. Bicep and az spell it in their own way."""

LISTS: Final[Mapping[str, tuple[str, str]]] = {
    "access_policies": ("array", "any"),
    "address_rules": ("string[]", "list(string)"),
    "addresses": ("string[]", "list(string)"),
    "defaults": ("object", "any"),
    "dependencies": ("array", "any"),
    "encryption": ("object?", "any"),
    "hbi_workspace": ("bool", "bool"),
    "identity": ("object", "any"),
    "ip_rules": ("array", "any"),
    "model_settings": ("object", "any"),
    "needs_own_rule": ("bool", "bool"),
    "open_endpoint_ids": ("string[]", "list(string)"),
    "open_endpoints": ("array", "any"),
    "registries": ("array", "any"),
    "registry_ids": ("string[]", "list(string)"),
    "resource_access_rules": ("array", "any"),
    "service_tags": ("string[]", "list(string)"),
    "subscription_rules": ("string[]", "list(string)"),
    "traffic": ("object", "any"),
    "virtual_network_rules": ("array", "any"),
}
"""The types, in Bicep and in Terraform, of the names that are no strings."""
