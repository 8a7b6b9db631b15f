"""The public documentation that checks cite."""

from __future__ import annotations

_LEARN = "https://learn.microsoft.com/azure"

APPLICATION_INSIGHTS_ACCESS = f"{_LEARN}/azure-monitor/logs/private-link-configure"
AZURE_FIREWALL = f"{_LEARN}/firewall/firewall-faq"
MANAGED_NETWORK = f"{_LEARN}/machine-learning/how-to-managed-network"
OUTBOUND_RULE_API = "https://learn.microsoft.com/rest/api/azureml/managed-network-settings-rule"
PRIVATE_ENDPOINT = f"{_LEARN}/private-link/private-endpoint-overview"
PRIVATE_LINK = f"{_LEARN}/machine-learning/how-to-configure-private-link"
SERVERLESS_COMPUTE = f"{_LEARN}/machine-learning/how-to-use-serverless-compute"
SERVICE_TAGS = f"{_LEARN}/virtual-network/service-tags-overview"
SECURED_WORKSPACE = f"{_LEARN}/machine-learning/how-to-secure-workspace-vnet"
STORAGE_NETWORK = f"{_LEARN}/storage/common/storage-network-security"
STORAGE_ANONYMOUS = f"{_LEARN}/storage/blobs/anonymous-read-access-prevent"
STORAGE_SHARED_KEY = f"{_LEARN}/storage/common/shared-key-authorization-prevent"
KEY_VAULT_NETWORK = f"{_LEARN}/key-vault/general/network-security"
KEY_VAULT_RECOVERY = f"{_LEARN}/key-vault/general/soft-delete-overview"
REGISTRY_NETWORK = f"{_LEARN}/container-registry/container-registry-private-link"
REGISTRY_TRUSTED = f"{_LEARN}/container-registry/allow-access-trusted-services"
REGISTRY_ADMIN = f"{_LEARN}/container-registry/container-registry-authentication"
MANAGED_IDENTITY = f"{_LEARN}/machine-learning/how-to-identity-based-service-authentication"
CUSTOMER_KEY = f"{_LEARN}/machine-learning/concept-customer-managed-keys"
DATA_ENCRYPTION = f"{_LEARN}/machine-learning/concept-data-encryption"
MONITORING = f"{_LEARN}/machine-learning/monitor-azure-machine-learning"
DATA_EXFILTRATION = f"{_LEARN}/machine-learning/how-to-prevent-data-loss-exfiltration"
VENDOR_RULE = (
    "https://www.trendmicro.com/cloudoneconformity/knowledge-base/azure/MachineLearning/"
    "enable-vnet-with-internet-outbound.html"
)
