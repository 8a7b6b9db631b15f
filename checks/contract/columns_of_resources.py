"""The columns of every table but `workspaces`."""

from __future__ import annotations

from checks.contract.table_model import BOOLEAN, INTEGER, TableSchema, columns

SUBSCRIPTIONS = TableSchema(
    name="subscriptions",
    row="a subscription the identity sees or the user named",
    identity=("subscription_resource_id", "subscription_id", "subscription"),
    columns=columns(
        ("subscription_resource_id", "id: /subscriptions/{subscriptionId}"),
        ("subscription_id", "subscriptionId"),
        ("subscription", "displayName"),
        ("state", "state: Enabled, Warned, PastDue, Disabled, Deleted"),
        ("tenant_id", "tenantId: the tenant the subscription belongs to"),
        ("authorization_source", "authorizationSource"),
        ("managed_by_tenants", "managedByTenants[].tenantId: Lighthouse delegation"),
        (
            "management_groups",
            "our own: the management groups named by policy or command line that it lies below, joined by "
            "', '; <NA> where none of them was read",
        ),
        (
            "known_management_groups",
            "our own: the management groups whose subscriptions were all read, joined by ', '",
        ),
        ("read", "our own: whether the list of its workspaces was read to the end", BOOLEAN),
        ("workspaces", "our own: workspaces seen in it, also where the list broke off", INTEGER),
        (
            "workspaces_in_graph",
            "our own: workspaces Resource Graph shows in it; <NA> if the reader did not ask or got only a part",
            INTEGER,
        ),
        ("note", "our own: why it was not read, or why it can hold no workspace"),
    ),
)

OUTBOUND_RULES = TableSchema(
    name="outbound_rules",
    row="an outbound rule of a workspace's managed network",
    identity=("rule_id", "workspace_id", "rule"),
    known_by=("outbound_rules_known",),
    columns=columns(
        ("rule_id", "id, or the workspace's id and the rule's name where only the workspace's body has it"),
        ("workspace_id", "id"),
        ("rule", "name"),
        ("type", "properties.type: FQDN, PrivateEndpoint, ServiceTag"),
        ("category", "properties.category: Required, Recommended, UserDefined, Dependency"),
        ("status", "properties.status: Inactive, Active, Provisioning, Deleting, Failed"),
        ("error_information", "properties.errorInformation; '' when reported as null"),
        ("destination", "properties.destination in one line: host, service tag or target resource id"),
        ("fqdn", "properties.destination of an FQDN rule"),
        ("service_tag", "properties.destination.serviceTag"),
        ("protocol", "properties.destination.protocol: TCP, UDP, ICMP, *"),
        ("port_ranges", "properties.destination.portRanges: a comma list, or *"),
        ("address_prefixes", "properties.destination.addressPrefixes[], joined by ', '; override the tag"),
        (
            "action",
            "properties.destination.action: Allow, Deny; absent allows; '' where a source does not show it",
        ),
        ("service_resource_id", "properties.destination.serviceResourceId"),
        ("subresource_target", "properties.destination.subresourceTarget"),
        ("spark_enabled", "properties.destination.sparkEnabled", BOOLEAN),
        ("spark_status", "properties.destination.sparkStatus"),
        ("parent_rules", "properties.parentRuleNames[], joined by ', '"),
        ("seen_in", "our own: workspace, outboundRules, or both"),
    ),
)

PRIVATE_ENDPOINT_CONNECTIONS = TableSchema(
    name="private_endpoint_connections",
    row="a private endpoint connection of a workspace",
    identity=("connection_id", "workspace_id", "connection"),
    known_by=("private_endpoint_connections_known",),
    columns=columns(
        ("connection_id", "id"),
        ("workspace_id", "id"),
        ("connection", "name"),
        (
            "status",
            "properties.privateLinkServiceConnectionState.status: Approved, Pending, Rejected, "
            "Disconnected, Timeout",
        ),
        ("description", "properties.privateLinkServiceConnectionState.description"),
        ("private_endpoint_id", "properties.privateEndpoint.id; '' where the endpoint is reported as null"),
        ("provisioning_state", "properties.provisioningState: Succeeded, Creating, Deleting, Failed"),
        ("created_at", "systemData.createdAt, ISO 8601"),
    ),
)

COMPUTES = TableSchema(
    name="computes",
    row="a compute of a workspace, managed or attached",
    identity=("compute_id", "workspace_id", "compute"),
    known_by=("computes_known",),
    columns=columns(
        ("compute_id", "id"),
        ("workspace_id", "id"),
        ("compute", "name"),
        ("compute_type", "properties.computeType: AmlCompute, ComputeInstance, Kubernetes, AKS, …"),
        ("compute_location", "properties.computeLocation"),
        ("is_attached", "properties.isAttachedCompute", BOOLEAN),
        ("attached_resource_id", "properties.resourceId"),
        ("disable_local_auth", "properties.disableLocalAuth", BOOLEAN),
        ("provisioning_state", "properties.provisioningState"),
        ("created_on", "properties.createdOn, ISO 8601"),
        ("subnet_id", "properties.properties.subnet.id; '' when subnet is reported as null"),
        ("enable_node_public_ip", "properties.properties.enableNodePublicIp", BOOLEAN),
        (
            "public_ip_address",
            "properties.properties.connectivityEndpoints.publicIpAddress; '' where null, or they are",
        ),
        (
            "remote_login_port_public_access",
            "properties.properties.remoteLoginPortPublicAccess: Enabled, Disabled, NotSpecified",
        ),
        ("ssh_public_access", "properties.properties.sshSettings.sshPublicAccess: Enabled, Disabled"),
        (
            "is_latest_os_image_version",
            "properties.properties.osImageMetadata.isLatestOsImageVersion",
            BOOLEAN,
        ),
    ),
)

ENDPOINTS = TableSchema(
    name="endpoints",
    row="an online, batch or serverless endpoint of a workspace",
    identity=("endpoint_id", "workspace_id", "endpoint", "endpoint_type"),
    sorts=("endpoint_type",),
    known_by=("online_endpoints_known", "batch_endpoints_known", "serverless_endpoints_known"),
    columns=columns(
        ("endpoint_id", "id"),
        ("workspace_id", "id"),
        ("endpoint", "name"),
        ("endpoint_type", "our own: online, batch or serverless, by the list it was read from"),
        ("kind", "kind: Managed or K8S of an online endpoint"),
        (
            "compute_id",
            "properties.compute: the attached cluster of a Kubernetes endpoint; '' where null or empty",
        ),
        ("public_network_access", "properties.publicNetworkAccess: Enabled, Disabled; online only"),
        ("auth_mode", "properties.authMode: Key, AMLToken, AADToken, AAD, KeyAndAAD"),
        ("provisioning_state", "properties.provisioningState"),
    ),
)

ONLINE_DEPLOYMENTS = TableSchema(
    name="online_deployments",
    row="a deployment of an online endpoint",
    identity=("deployment_id", "workspace_id", "endpoint_id", "deployment"),
    known_by=("online_deployments_known",),
    columns=columns(
        ("deployment_id", "id"),
        ("workspace_id", "id"),
        ("endpoint_id", "id"),
        ("deployment", "name"),
        ("egress_public_network_access", "properties.egressPublicNetworkAccess: Enabled, Disabled"),
        ("endpoint_compute_type", "properties.endpointComputeType: Managed, Kubernetes, AzureMLCompute"),
    ),
)

ASSOCIATED_RESOURCES = TableSchema(
    name="associated_resources",
    row="a resource a workspace depends on, once for each workspace (not for Projects: their hub's count)",
    identity=("association_id", "workspace_id", "resource_id", "resource", "role"),
    sorts=("role",),
    resource="resource_id",
    known_by=("associated_resources_known",),
    columns=columns(
        ("association_id", "our own: the workspace's id, #, the role"),
        ("workspace_id", "id of the workspace"),
        ("resource_id", "properties.storageAccount, keyVault, containerRegistry, applicationInsights"),
        ("resource", "the name in the id"),
        ("role", "our own: storage, vault, registry or insights"),
        ("read_status", "our own: read, missing (404) or unreadable"),
        ("unread_reason", "our own: why it was not read; '' where it was"),
        ("public_network_access", "properties.publicNetworkAccess: Enabled, Disabled, SecuredByPerimeter"),
        (
            "default_action",
            "properties.networkAcls.defaultAction (registry: networkRuleSet.defaultAction): Allow, Deny; '' "
            "where the body has no firewall, which allows",
        ),
        (
            "bypass",
            "properties.networkAcls.bypass, a comma list (registry: properties.networkRuleBypassOptions)",
        ),
        (
            "ip_rules",
            "properties.networkAcls.ipRules[].value (registry: networkRuleSet.ipRules[].value), joined by ', '; '' "
            "where there is no firewall",
        ),
        (
            "resource_access_rules",
            "properties.networkAcls.resourceAccessRules[].resourceId, joined by ', '; '' where there are none",
        ),
        (
            "virtual_network_rules",
            "how many properties.networkAcls.virtualNetworkRules; 0 where there is no firewall",
            INTEGER,
        ),
        (
            "approved_private_endpoints",
            "how many properties.privateEndpointConnections[] with status Approved; 0 where there are none",
            INTEGER,
        ),
        (
            "perimeter_status",
            "our own: how the list of networkSecurityPerimeterConfigurations was answered: read, missing (404, or no "
            "api-version of it in this cloud) or unreadable; <NA> where it was not asked for",
        ),
        (
            "perimeter_access_mode",
            "resourceAssociation.accessMode of its association: Enforced, Learning, Audit; '' where it has none",
        ),
        ("perimeter_id", "networkSecurityPerimeter.id of its association"),
        (
            "perimeter_prefixes",
            "profile.accessRules[] of direction Inbound: addressPrefixes[], joined by ', '; '' where there are none",
        ),
        (
            "perimeter_subscriptions",
            "profile.accessRules[] of direction Inbound: subscriptions[].id, joined by ', '; '' where there are none",
        ),
        (
            "perimeter_issues",
            "provisioningIssues[] and a provisioningState other than Succeeded, joined by ', '; '' where there are "
            "none",
        ),
        ("location", "location"),
        ("sku", "sku.name"),
        ("allow_blob_public_access", "properties.allowBlobPublicAccess", BOOLEAN),
        ("allow_shared_key_access", "properties.allowSharedKeyAccess", BOOLEAN),
        ("purge_protection", "properties.enablePurgeProtection", BOOLEAN),
        ("admin_user_enabled", "properties.adminUserEnabled", BOOLEAN),
        (
            "anonymous_pull_enabled",
            "properties.anonymousPullEnabled; api-version 2025-04-01 or newer",
            BOOLEAN,
        ),
        ("ingestion_access", "properties.publicNetworkAccessForIngestion: Enabled, Disabled"),
        ("query_access", "properties.publicNetworkAccessForQuery: Enabled, Disabled"),
    ),
)

DIAGNOSTIC_SETTINGS = TableSchema(
    name="diagnostic_settings",
    row="a diagnostic setting of a workspace",
    identity=("setting_id", "workspace_id", "setting"),
    known_by=("diagnostic_settings_known",),
    columns=columns(
        ("setting_id", "id"),
        ("workspace_id", "id of the workspace"),
        ("setting", "name"),
        (
            "enabled_logs",
            "properties.logs[] with enabled true: their category or categoryGroup, joined by ', '",
        ),
        (
            "sinks",
            "which of properties.workspaceId, storageAccountId, eventHubAuthorizationRuleId and "
            "marketplacePartnerId are set, joined by ', '",
        ),
    ),
)

GAPS = TableSchema(
    name="gaps",
    row="something that was asked for and not read",
    identity=("gap_id",),
    columns=columns(
        ("gap_id", "our own: scope and what was asked"),
        ("scope", "the resource id the request was about"),
        ("subscription_id", "the subscription it belongs to; <NA> for tenant-wide requests"),
        ("asked", "what was asked for: subscriptions, workspaces, outboundRules, …"),
        ("request", "method and URL"),
        ("http_status", "HTTP status; <NA> where no answer came", INTEGER),
        ("code", "error.code of the ARM error, or our own word for what went wrong"),
        ("message", "error.message, without e-mail addresses"),
        ("closes", "what would close the gap: the missing action, the role to grant, or what to do"),
    ),
)
