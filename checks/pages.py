"""The public documentation that checks cite."""

from __future__ import annotations

_LEARN = "https://learn.microsoft.com/azure"

AZURE_FIREWALL = f"{_LEARN}/firewall/firewall-faq"
MANAGED_NETWORK = f"{_LEARN}/machine-learning/how-to-managed-network"
OUTBOUND_RULE_API = "https://learn.microsoft.com/rest/api/azureml/managed-network-settings-rule"
PRIVATE_ENDPOINT = f"{_LEARN}/private-link/private-endpoint-overview"
PRIVATE_LINK = f"{_LEARN}/machine-learning/how-to-configure-private-link"
SERVERLESS_COMPUTE = f"{_LEARN}/machine-learning/how-to-use-serverless-compute"
SERVICE_TAGS = f"{_LEARN}/virtual-network/service-tags-overview"
DATA_EXFILTRATION = f"{_LEARN}/machine-learning/how-to-prevent-data-loss-exfiltration"
VENDOR_RULE = (
    "https://www.trendmicro.com/cloudoneconformity/knowledge-base/azure/MachineLearning/"
    "enable-vnet-with-internet-outbound.html"
)
