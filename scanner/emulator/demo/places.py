"""The subscriptions and resource groups of the demo tenant."""

from __future__ import annotations

from scanner.emulator.tenants.builders import Place, guid

PRODUCTION_ID = guid("demo", "production")
RESEARCH_ID = guid("demo", "research")
LEGACY_ID = guid("demo", "legacy")
PARTNER_ID = guid("demo", "partner")
FINANCE_ID = guid("demo", "finance")
EMPTY_ID = guid("demo", "empty")
PARTNER_TENANT_ID = guid("demo", "partner tenant")
STRANGER_ID = guid("demo", "a subscription nobody here knows")

PRODUCTION = Place(subscription=PRODUCTION_ID, group="rg-ml-prod-weu", location="westeurope")
ASSISTANTS = Place(subscription=PRODUCTION_ID, group="rg-assistants-prod-sdc", location="swedencentral")
RESEARCH = Place(subscription=RESEARCH_ID, group="rg-ml-research-neu", location="northeurope")
NOTEBOOKS = Place(subscription=RESEARCH_ID, group="RG-Notebooks-EU", location="westeurope")
LEGACY = Place(subscription=LEGACY_ID, group="rg-analytics-2019", location="eastus")
PARTNER = Place(subscription=PARTNER_ID, group="rg-partner-bench", location="westus3")
FINANCE = Place(subscription=FINANCE_ID, group="rg-finance-ml", location="westeurope")
STRANGER = Place(subscription=STRANGER_ID, group="rg-elsewhere", location="westeurope")
