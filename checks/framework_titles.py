"""The full names of frameworks and the titles of controls, as their publishers write them.

Sources: the Microsoft cloud security benchmark (v1), the display names in Azure/azure-policy, NIST SP 800-53 r5,
Regulation (EU) 2016/679 and ISO/IEC 27002:2022. A control that is not here is shown by its id.
"""

from __future__ import annotations

from collections.abc import Mapping

FULL_NAMES: Mapping[str, str] = {
    "Azure Policy": "built-in policy definitions, by their id",
    "DORA": "Digital Operational Resilience Act, Regulation (EU) 2022/2554",
    "FedRAMP": "Federal Risk and Authorization Management Program",
    "GDPR": "General Data Protection Regulation, (EU) 2016/679",
    "ISO/IEC 27002:2022": "Information security controls",
    "MCSB": "Microsoft cloud security benchmark",
    "NIS2": "Directive (EU) 2022/2555",
    "NIST CSF 2.0": "Cybersecurity Framework",
    "NIST SP 800-171 r2": "Protecting Controlled Unclassified Information",
    "NIST SP 800-53 r5": "Security and Privacy Controls",
    "PCI DSS 4": "Payment Card Industry Data Security Standard",
    "SOC 2": "System and Organization Controls, Trust Services Criteria",
}

_NIST: Mapping[str, str] = {
    "AC-2": "Account Management",
    "AC-3": "Access Enforcement",
    "AC-4": "Information Flow Enforcement",
    "AC-6": "Least Privilege",
    "AC-17": "Remote Access",
    "AU-2": "Event Logging",
    "AU-12": "Audit Record Generation",
    "SC-7": "Boundary Protection",
    "SC-7(3)": "Boundary Protection: Access Points",
    "SC-12": "Cryptographic Key Establishment and Management",
    "SI-2": "Flaw Remediation",
}

TITLES: Mapping[str, Mapping[str, str]] = {
    "Azure Policy": {
        "438c38d2-3772-465a-a9cc-7a6666a275ce": (
            "Azure Machine Learning Workspaces should disable public network access"
        ),
        "45e05259-1eb5-4f70-9574-baf73e9d219b": "Azure Machine Learning workspaces should use private link",
        "6ddb1705-c8cf-450e-aa4b-19ad6703c440": (
            "Azure Machine Learning and Ai Studio should use Allow Only Approved Outbound Managed Vnet mode"
        ),
        "7804b5c7-01dc-4723-969b-ae300cc07ff1": "Azure Machine Learning Computes should be in a virtual network",
        "7f40cee6-e933-4d0f-a782-b96615e0f4a6": (
            "Azure Machine Learning workspaces should be encrypted with the use of a customer-managed key"
        ),
        "afe0c3be-ba3b-4544-ba52-0c99672a8ad6": (
            "Resource logs in Azure Machine Learning Workspaces should be enabled"
        ),
        "ba769a63-b8cc-4b2d-abf6-ac33c7204be8": (
            "Azure Machine Learning workspaces should be encrypted with a customer-managed key"
        ),
        "e96a9a5f-07ca-471b-9bc5-6a0f33cbd68f": (
            "Azure Machine Learning Computes should have local authentication methods disabled"
        ),
        "f110a506-2dcb-422e-bcea-d533fc8c35e2": (
            "Azure Machine Learning compute instances should be recreated to get the latest software updates"
        ),
    },
    "FedRAMP": {id: _NIST[id] for id in ("AC-4", "AC-17", "SC-7", "SC-7(3)", "SC-12")},
    "GDPR": {
        "Art. 24": "Responsibility of the controller",
        "Art. 25": "Data protection by design and by default",
        "Art. 28": "Processor",
        "Art. 32": "Security of processing",
    },
    "ISO/IEC 27002:2022": {
        "5.14": "Information transfer",
        "5.18": "Access rights",
        "8.2": "Privileged access rights",
        "8.15": "Logging",
    },
    "MCSB": {
        "DP-2": "Monitor anomalies and threats targeting sensitive data",
        "DP-5": "Use customer-managed key option in data at rest encryption when required",
        "IM-1": "Use centralized identity and authentication system",
        "IM-3": "Manage application identities securely and automatically",
        "LT-3": "Enable logging for security investigation",
        "LT-4": "Enable network logging for security investigation",
        "NS-1": "Establish network segmentation boundaries",
        "NS-2": "Secure cloud native services with network controls",
        "PV-2": "Audit and enforce secure configurations",
    },
    "NIST SP 800-53 r5": _NIST,
}
