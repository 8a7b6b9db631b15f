"""The engine under the name that plug-ins import; `checks.engine.asking` holds it."""

from checks.engine.asking import FINDING_COLUMNS as FINDING_COLUMNS
from checks.engine.asking import ScopedCheck as ScopedCheck
from checks.engine.asking import findings as findings
