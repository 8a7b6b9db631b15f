"""The columns of `workspaces`. Those of its network a Project takes from its hub."""

from __future__ import annotations

from checks.contract.table_model import BOOLEAN, TableSchema, columns

_WORKSPACE_IDENTITY = columns(
    ("workspace_id", "id"),
    ("workspace", "name"),
    ("kind", "kind: Default, Hub, Project, FeatureStore; an open set"),
    ("subscription_id", "id"),
    ("resource_group", "id"),
    ("location", "location"),
    ("tags", "tags, as a JSON object"),
    ("api_version", "our own: the api-version the workspace was read with"),
    ("hub_resource_id", "properties.hubResourceId"),
    ("judged_by", "our own: the lower-cased id of the workspace whose network decides (a Project's hub)"),
)

_WORKSPACE_NETWORK = columns(
    ("public_network_access", "properties.publicNetworkAccess: Enabled, Disabled; an open set"),
    (
        "allow_public_access_when_behind_vnet",
        "properties.allowPublicAccessWhenBehindVnet: the legacy flag",
        BOOLEAN,
    ),
    ("network_acls_default_action", "properties.networkAcls.defaultAction: Allow, Deny"),
    (
        "ip_rules",
        "properties.networkAcls.ipRules[].value, joined by ', '; properties.ipAllowlist[] where networkAcls is absent",
    ),
    (
        "managed_network_reported",
        "our own: the body carries properties.managedNetwork (True) or does not although this api-version "
        "shows it, which means none (False); <NA>: this api-version cannot show it",
        BOOLEAN,
    ),
    (
        "isolation_mode",
        "properties.managedNetwork.isolationMode: Disabled, AllowInternetOutbound, AllowOnlyApprovedOutbound",
    ),
    ("managed_network_status", "properties.managedNetwork.status.status: Inactive, Active"),
    ("spark_ready", "properties.managedNetwork.status.sparkReady", BOOLEAN),
    ("firewall_sku", "properties.managedNetwork.firewallSku: Standard, Basic"),
    ("managed_network_kind", "properties.managedNetwork.managedNetworkKind: V1, V2"),
    (
        "firewall_public_ip_address",
        "properties.managedNetwork.firewallPublicIpAddress; '' where reported as null",
    ),
    ("changeable_isolation_modes", "properties.managedNetwork.changeableIsolationModes[], joined by ', '"),
    (
        "encryption_status",
        "properties.encryption.status: Enabled, Disabled; '' where the body has no encryption, which means "
        "Microsoft-managed keys",
    ),
    ("storage_account", "properties.storageAccount; '' when reported as null or empty"),
    ("key_vault", "properties.keyVault; '' when reported as null or empty"),
    ("container_registry", "properties.containerRegistry; '' when reported as null, empty or not at all"),
    ("application_insights", "properties.applicationInsights; '' when reported as null or empty"),
    ("image_build_compute", "properties.imageBuildCompute; '' when reported as null or empty"),
    ("associated_resources_known", "our own: each associated resource was asked for", BOOLEAN),
    (
        "outbound_rules_known",
        "our own: all outbound rules were read, or the network is plainly off",
        BOOLEAN,
    ),
    ("private_endpoint_connections_known", "our own: every private endpoint connection was read", BOOLEAN),
    follows_hub=True,
)

_WORKSPACE_REST = columns(
    (
        "serverless_compute_configured",
        "properties.serverlessComputeSettings: an object (True), null (False), absent (<NA>)",
        BOOLEAN,
    ),
    (
        "serverless_compute_custom_subnet",
        "properties.serverlessComputeSettings.serverlessComputeCustomSubnet; '' when reported as null",
    ),
    (
        "serverless_compute_no_public_ip",
        "properties.serverlessComputeSettings.serverlessComputeNoPublicIP",
        BOOLEAN,
    ),
    ("identity_type", "identity.type; '' where the workspace has none"),
    ("primary_user_assigned_identity", "properties.primaryUserAssignedIdentity; '' when reported as null"),
    ("hbi_workspace", "properties.hbiWorkspace", BOOLEAN),
    (
        "system_datastores_auth_mode",
        "properties.systemDatastoresAuthMode: AccessKey, Identity, UserDelegationSAS; '' where a version "
        "that shows it leaves it out, which means AccessKey",
    ),
    ("v1_legacy_mode", "properties.v1LegacyMode", BOOLEAN),
    ("computes_known", "our own: every compute was read", BOOLEAN),
    ("online_endpoints_known", "our own: every online endpoint was read", BOOLEAN),
    ("online_deployments_known", "our own: every deployment of every online endpoint was read", BOOLEAN),
    ("batch_endpoints_known", "our own: every batch endpoint was read", BOOLEAN),
    ("serverless_endpoints_known", "our own: every serverless endpoint was read", BOOLEAN),
    ("diagnostic_settings_known", "our own: every diagnostic setting was read", BOOLEAN),
    ("provisioning_state", "properties.provisioningState"),
    ("outbound_rules_discrepancy", "our own: how the workspace's body and its outboundRules list disagree"),
)

WORKSPACES = TableSchema(
    name="workspaces",
    row="a workspace of any kind",
    identity=tuple(column.name for column in _WORKSPACE_IDENTITY),
    sorts=("kind",),
    columns=_WORKSPACE_IDENTITY + _WORKSPACE_NETWORK + _WORKSPACE_REST,
)

NETWORK_COLUMNS = frozenset(column.name for column in _WORKSPACE_NETWORK)
"""The columns a Project takes from its hub."""
