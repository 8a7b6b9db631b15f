"""The table contract under the name that plug-ins import; `checks.contract.tables` holds it."""

from checks.contract.tables import SCHEMAS as SCHEMAS
from checks.contract.tables import Tables as Tables
