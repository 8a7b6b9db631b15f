"""The columns of every table except `workspaces`. `checks.contract.tables` makes the tables of them."""

from __future__ import annotations

from typing import Final

from checks.contract.columns_of_workspaces import Columns

SUBSCRIPTIONS: Final[Columns] = (
    ("subscription_resource_id", "id: /subscriptions/{subscriptionId}"),
    ("subscription_id", "subscriptionId"),
    ("subscription", "displayName"),
    ("state", "state: Enabled, Warned, PastDue, Disabled, Deleted"),
    ("quota_id", "subscriptionPolicies.quotaId: the offer, such as EnterpriseAgreement_2014-09-01"),
    ("tenant_id", "tenantId: the tenant the subscription belongs to"),
    ("authorization_source", "authorizationSource"),
    ("managed_by_tenants", "managedByTenants[].tenantId: Lighthouse delegation"),
    (
        "management_groups",
        "our own: the named management groups above it, joined by ', '; <NA> if none was read",
    ),
    ("known_management_groups", "our own: the management groups that were read in full, joined by ', '"),
    ("read", "our own: whether the whole list of its workspaces was read", "boolean"),
    (
        "workspaces",
        "our own: the number of its workspaces that were seen, also if the list broke off",
        "Int64",
    ),
    (
        "workspaces_in_graph",
        "our own: their number in Resource Graph; <NA> if not asked or incomplete",
        "Int64",
    ),
    (
        "network_registration_state",
        "registrationState of Microsoft.Network: Registered, NotRegistered, Unregistered, Registering, "
        "Unregistering",
    ),
    ("left_out_by", "our own: the rule of the scope that leaves it out on purpose; <NA> if it is in scope"),
    (
        "workspaces_left_out",
        "our own: the number of its workspaces that a rule of the scope leaves out",
        "Int64",
    ),
    ("note", "our own: why it was not read, or why it has no workspace"),
)

LEFT_OUT: Final[Columns] = (
    ("left_out_id", "id of the subscription or workspace"),
    ("subscription_id", "the subscription, or that of the workspace"),
    ("left_out", "our own: subscription or workspace"),
    ("name", "displayName or name"),
    ("rule", "our own: the rule of the scope that leaves it out, as a scope file writes it"),
    ("why", "our own: what the rule decided by"),
    ("read_for", "our own: the Projects in scope for which a hub that is left out was read, joined by ', '"),
)

OUTBOUND_RULES: Final[Columns] = (
    ("rule_id", "id; the workspace's id and the rule's name if only the workspace's body has the rule"),
    ("workspace_id", "id"),
    ("rule", "name"),
    ("type", "properties.type: FQDN, PrivateEndpoint, ServiceTag"),
    ("category", "properties.category: Required, Recommended, UserDefined, Dependency"),
    ("status", "properties.status: Inactive, Active, Provisioning, Deleting, Failed"),
    ("error_information", "properties.errorInformation; '' for null"),
    ("destination", "properties.destination in one line: host, service tag or target resource id"),
    ("fqdn", "properties.destination of an FQDN rule"),
    ("service_tag", "properties.destination.serviceTag"),
    ("protocol", "properties.destination.protocol: TCP, UDP, ICMP, *"),
    ("port_ranges", "properties.destination.portRanges: a comma list, or *"),
    ("address_prefixes", "properties.destination.addressPrefixes[], joined by ', '; override the tag"),
    ("action", "properties.destination.action: Allow, Deny; absent: Allow; '' if a source cannot show it"),
    ("service_resource_id", "properties.destination.serviceResourceId"),
    ("subresource_target", "properties.destination.subresourceTarget"),
    ("spark_enabled", "properties.destination.sparkEnabled", "boolean"),
    ("spark_status", "properties.destination.sparkStatus"),
    (
        "target_roles",
        "our own: properties.roleDefinitionId of the role assignments that the workspace identity has on the target or "
        "above it, joined by ', '; ? for one that may not count; '' for none; <NA> if not asked",
    ),
    ("parent_rules", "properties.parentRuleNames[], joined by ', '"),
    ("seen_in", "our own: workspace, outboundRules, or both"),
)

PRIVATE_ENDPOINT_CONNECTIONS: Final[Columns] = (
    ("connection_id", "id"),
    ("workspace_id", "id"),
    ("connection", "name"),
    (
        "status",
        "properties.privateLinkServiceConnectionState.status: Approved, Pending, Rejected, Disconnected, "
        "Timeout",
    ),
    ("description", "properties.privateLinkServiceConnectionState.description"),
    ("private_endpoint_id", "properties.privateEndpoint.id; '' for a null endpoint"),
    ("provisioning_state", "properties.provisioningState: Succeeded, Creating, Deleting, Failed"),
    (
        "subnet_id",
        "properties.privateEndpoint.subnetArmId, or properties.subnet.id of the private endpoint",
    ),
    (
        "network_prefixes",
        "properties.addressSpace.addressPrefixes[] of the virtual network of that subnet, joined by ', '",
    ),
    ("created_at", "systemData.createdAt, ISO 8601"),
)

COMPUTES: Final[Columns] = (
    ("compute_id", "id"),
    ("workspace_id", "id"),
    ("compute", "name"),
    ("compute_type", "properties.computeType: AmlCompute, ComputeInstance, Kubernetes, AKS, …"),
    ("compute_location", "properties.computeLocation"),
    ("is_attached", "properties.isAttachedCompute", "boolean"),
    ("attached_resource_id", "properties.resourceId"),
    ("disable_local_auth", "properties.disableLocalAuth", "boolean"),
    ("provisioning_state", "properties.provisioningState"),
    ("created_on", "properties.createdOn, ISO 8601"),
    ("subnet_id", "properties.properties.subnet.id; '' for a null subnet"),
    ("enable_node_public_ip", "properties.properties.enableNodePublicIp", "boolean"),
    ("public_ip_address", "properties.properties.connectivityEndpoints.publicIpAddress; '' for null"),
    (
        "remote_login_port_public_access",
        "properties.properties.remoteLoginPortPublicAccess: Enabled, Disabled, NotSpecified",
    ),
    ("ssh_public_access", "properties.properties.sshSettings.sshPublicAccess: Enabled, Disabled"),
    ("is_latest_os_image_version", "properties.properties.osImageMetadata.isLatestOsImageVersion", "boolean"),
)

ENDPOINTS: Final[Columns] = (
    ("endpoint_id", "id"),
    ("workspace_id", "id"),
    ("endpoint", "name"),
    ("endpoint_type", "our own: online, batch or serverless, by the list it was read from"),
    ("kind", "kind of an online endpoint: Managed, K8S"),
    ("compute_id", "properties.compute: the cluster of a Kubernetes endpoint; '' for null or empty"),
    ("public_network_access", "properties.publicNetworkAccess: Enabled, Disabled; online only"),
    ("auth_mode", "properties.authMode: Key, AMLToken, AADToken, AAD, KeyAndAAD"),
    ("provisioning_state", "properties.provisioningState"),
)

ONLINE_DEPLOYMENTS: Final[Columns] = (
    ("deployment_id", "id"),
    ("workspace_id", "id"),
    ("endpoint_id", "id"),
    ("deployment", "name"),
    ("egress_public_network_access", "properties.egressPublicNetworkAccess: Enabled, Disabled"),
    ("endpoint_compute_type", "properties.endpointComputeType: Managed, Kubernetes, AzureMLCompute"),
)

ASSOCIATED_RESOURCES: Final[Columns] = (
    ("association_id", "our own: the workspace's id, #, the role"),
    ("workspace_id", "id of the workspace"),
    ("resource_id", "properties.storageAccount, keyVault, containerRegistry, applicationInsights"),
    ("resource", "the name in the id"),
    ("role", "our own: storage, vault, registry or insights"),
    ("read_status", "our own: read, missing (404) or unreadable"),
    ("unread_reason", "our own: why it was not read; '' if it was read"),
    ("public_network_access", "properties.publicNetworkAccess: Enabled, Disabled, SecuredByPerimeter"),
    (
        "default_action",
        "properties.networkAcls.defaultAction (registry: networkRuleSet.defaultAction): Allow, Deny; '' "
        "without a firewall: Allow",
    ),
    (
        "bypass",
        "properties.networkAcls.bypass (registry: properties.networkRuleBypassOptions), a comma list of: "
        "AzureServices, Logging, Metrics, None",
    ),
    (
        "ip_rules",
        "properties.networkAcls.ipRules[].value (registry: networkRuleSet.ipRules[].value), joined by "
        "', '; '' without a firewall",
    ),
    (
        "resource_access_rules",
        "properties.networkAcls.resourceAccessRules[].resourceId, joined by ', '; '' for none",
    ),
    ("virtual_network_rules", "number of networkAcls.virtualNetworkRules[]; 0 without a firewall", "Int64"),
    (
        "approved_private_endpoints",
        "number of properties.privateEndpointConnections[] with status Approved",
        "Int64",
    ),
    (
        "networks_shared",
        "our own: the virtual networks of the workspace's Approved private endpoints that hold an Approved "
        "private endpoint of the resource too, joined by ', '; ? for one that may; '' for none; <NA> if not asked",
    ),
    (
        "perimeter_status",
        "our own: the answer to networkSecurityPerimeterConfigurations: read, unreadable, missing (404, or "
        "the cloud has no api-version of it); <NA> if not asked",
    ),
    ("perimeter_access_mode", "resourceAssociation.accessMode: Enforced, Learning, Audit; '' for none"),
    ("perimeter_id", "networkSecurityPerimeter.id of its association"),
    (
        "perimeter_prefixes",
        "profile.accessRules[] of direction Inbound: addressPrefixes[], joined by ', '; '' for none",
    ),
    (
        "perimeter_subscriptions",
        "profile.accessRules[] of direction Inbound: subscriptions[].id, joined by ', '; '' for none",
    ),
    (
        "perimeter_issues",
        "provisioningIssues[] and a provisioningState other than Succeeded, joined by ', '; '' for none",
    ),
    ("location", "location"),
    ("sku", "sku.name, of a registry: Basic, Standard, Premium"),
    ("allow_blob_public_access", "properties.allowBlobPublicAccess", "boolean"),
    ("allow_shared_key_access", "properties.allowSharedKeyAccess", "boolean"),
    ("purge_protection", "properties.enablePurgeProtection", "boolean"),
    ("admin_user_enabled", "properties.adminUserEnabled", "boolean"),
    ("anonymous_pull_enabled", "properties.anonymousPullEnabled; api-version 2025-04-01 or newer", "boolean"),
    ("ingestion_access", "properties.publicNetworkAccessForIngestion: Enabled, Disabled"),
    ("query_access", "properties.publicNetworkAccessForQuery: Enabled, Disabled"),
)

DIAGNOSTIC_SETTINGS: Final[Columns] = (
    ("setting_id", "id"),
    ("workspace_id", "id of the workspace"),
    ("setting", "name"),
    ("enabled_logs", "properties.logs[] with enabled true: category or categoryGroup, joined by ', '"),
    (
        "sinks",
        "the members of properties that are set, joined by ', ': workspaceId, storageAccountId, "
        "eventHubAuthorizationRuleId, marketplacePartnerId",
    ),
)

GAPS: Final[Columns] = (
    ("gap_id", "our own: scope and what was asked"),
    ("scope", "the resource id that the request was about"),
    ("subscription_id", "the subscription of the scope; <NA> for tenant-wide requests"),
    ("asked", "what was asked for: subscriptions, workspaces, outboundRules, …"),
    ("request", "method and URL"),
    ("http_status", "HTTP status; <NA> if no answer came", "Int64"),
    ("code", "error.code of the ARM error, or our own word for the cause"),
    ("message", "error.message, without secrets and people"),
    ("closes", "how to close the gap: the missing action, the role to grant, or what to do"),
)
