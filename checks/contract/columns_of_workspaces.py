"""The columns of `workspaces`. `checks.contract.tables` makes the table of them."""

from __future__ import annotations

from typing import Final

Columns = tuple[tuple[str, str] | tuple[str, str, str], ...]
"""Name, source (the API property) and, unless the column holds strings, dtype of each column."""

IDENTITY: Final[Columns] = (
    ("workspace_id", "id"),
    ("workspace", "name"),
    ("kind", "kind: Default, Hub, Project, FeatureStore; an open set"),
    ("subscription_id", "id"),
    ("resource_group", "id"),
    ("location", "location"),
    ("tags", "tags, as a JSON object"),
    ("api_version", "our own: the api-version the workspace was read with"),
    ("hub_resource_id", "properties.hubResourceId"),
    ("judged_by", "our own: the lower-cased id of the workspace whose network decides: a Project's hub"),
)

NETWORK: Final[Columns] = (
    ("public_network_access", "properties.publicNetworkAccess: Enabled, Disabled; an open set"),
    ("allow_public_access_when_behind_vnet", "properties.allowPublicAccessWhenBehindVnet, legacy", "boolean"),
    ("network_acls_default_action", "properties.networkAcls.defaultAction: Allow, Deny"),
    (
        "ip_rules",
        "properties.networkAcls.ipRules[].value, or ipAllowlist[] without networkAcls, joined by ', '",
    ),
    (
        "managed_network_reported",
        "our own: whether the body has properties.managedNetwork; False: the workspace has none; <NA>: "
        "this api-version cannot show one",
        "boolean",
    ),
    (
        "isolation_mode",
        "properties.managedNetwork.isolationMode: Disabled, AllowInternetOutbound, AllowOnlyApprovedOutbound",
    ),
    ("managed_network_status", "properties.managedNetwork.status.status: Inactive, Active"),
    ("spark_ready", "properties.managedNetwork.status.sparkReady", "boolean"),
    ("firewall_sku", "properties.managedNetwork.firewallSku: Standard, Basic"),
    ("managed_network_kind", "properties.managedNetwork.managedNetworkKind: V1, V2"),
    ("firewall_public_ip_address", "properties.managedNetwork.firewallPublicIpAddress; '' for null"),
    ("changeable_isolation_modes", "properties.managedNetwork.changeableIsolationModes[], joined by ', '"),
    (
        "encryption_status",
        "properties.encryption.status: Enabled, Disabled; '' if absent: Microsoft-managed keys",
    ),
    ("storage_account", "properties.storageAccount; '' for null or empty"),
    ("key_vault", "properties.keyVault; '' for null or empty"),
    ("container_registry", "properties.containerRegistry; '' for null, empty or absent"),
    ("application_insights", "properties.applicationInsights; '' for null or empty"),
    ("image_build_compute", "properties.imageBuildCompute; '' for null or empty"),
    ("associated_resources_known", "our own: each associated resource was asked for", "boolean"),
    ("outbound_rules_known", "our own: all outbound rules were read, or the network is off", "boolean"),
    ("private_endpoint_connections_known", "our own: every private endpoint connection was read", "boolean"),
)

REST: Final[Columns] = (
    (
        "serverless_compute_configured",
        "properties.serverlessComputeSettings: object True, null False",
        "boolean",
    ),
    (
        "serverless_compute_custom_subnet",
        "properties.serverlessComputeSettings.serverlessComputeCustomSubnet; '' for null",
    ),
    (
        "serverless_compute_no_public_ip",
        "properties.serverlessComputeSettings.serverlessComputeNoPublicIP",
        "boolean",
    ),
    (
        "identity_type",
        "identity.type, a comma list of: None, SystemAssigned, UserAssigned; '' if the workspace has none",
    ),
    (
        "identity_principal_id",
        "identity.principalId, or that of the user-assigned identity that represents the workspace; '' for none",
    ),
    ("primary_user_assigned_identity", "properties.primaryUserAssignedIdentity; '' for null or absent"),
    ("hbi_workspace", "properties.hbiWorkspace", "boolean"),
    (
        "system_datastores_auth_mode",
        "properties.systemDatastoresAuthMode: AccessKey, Identity, UserDelegationSAS; '' if absent from an "
        "api-version that shows it: AccessKey",
    ),
    ("v1_legacy_mode", "properties.v1LegacyMode", "boolean"),
    ("computes_known", "our own: every compute was read", "boolean"),
    ("online_endpoints_known", "our own: every online endpoint was read", "boolean"),
    ("online_deployments_known", "our own: every deployment of every online endpoint was read", "boolean"),
    ("batch_endpoints_known", "our own: every batch endpoint was read", "boolean"),
    ("serverless_endpoints_known", "our own: every serverless endpoint was read", "boolean"),
    ("diagnostic_settings_known", "our own: every diagnostic setting was read", "boolean"),
    ("provisioning_state", "properties.provisioningState"),
    ("outbound_rules_discrepancy", "our own: how the workspace's body and its outboundRules list differ"),
    (
        "left_out_by",
        "our own: the rule of the scope that leaves out this hub, which was read for its Projects; <NA> if it is in "
        "scope",
    ),
)

NETWORK_COLUMNS: Final = frozenset(column[0] for column in NETWORK)
"""The columns that a Project takes from its hub."""
