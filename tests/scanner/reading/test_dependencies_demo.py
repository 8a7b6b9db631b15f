"""What a scan of the demo tenant with the collection RES, SEC and SCN declare comes to."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest

from scanner.emulator.demo.tenant import demo_tenant
from scanner.emulator.server import emulated
from scanner.reading.collection import collection_for
from tests.support.scanning import scanned
from tests.support.tables.dependencies import MINE, judged


@pytest.fixture(scope="module")
def demo() -> Iterator[pd.DataFrame]:
    with emulated(demo_tenant(), page_size=2) as emulator:
        read, _ = scanned(emulator, collection=collection_for(MINE))
        yield judged(read)


def of(demo: pd.DataFrame, workspace: str, check_id: str, resource: str | None = None) -> tuple[str, str]:
    rows = demo[demo["workspace"].eq(workspace) & demo["check_id"].eq(check_id)]
    rows = rows[rows["resource"].eq(resource or workspace)]
    (status,), (reason,) = rows["status"], rows["reason"]
    return str(status), str(reason)


def test_the_demo_shows_a_dependency_that_is_gone(demo: pd.DataFrame) -> None:
    status, reason = of(demo, "mlw-maintenance", "RES013", "stmlwmaintenance")
    assert status == "fail"
    assert "404" in reason
    assert of(demo, "mlw-maintenance", "RES001", "stmlwmaintenance")[0] == "unknown"
    assert of(demo, "mlw-maintenance", "RES007", "crmlwmaintenance")[0] == "fail"
    assert of(demo, "mlw-maintenance", "RES008")[0] == "fail"


def test_the_demo_shows_a_dependency_in_a_subscription_that_may_not_be_read(demo: pd.DataFrame) -> None:
    status, reason = of(demo, "mlw-partner-bench", "RES001", "sthubfinance")
    assert status == "unknown"
    assert "AuthorizationFailed" in reason
    assert of(demo, "mlw-partner-bench", "RES013", "sthubfinance")[0] == "unknown"
    assert of(demo, "mlw-partner-bench", "RES013", "kvmlwpartnerbench")[0] == "pass"


def test_the_demo_shows_dependencies_closed_by_half(demo: pd.DataFrame) -> None:
    store, vault = (f"{prefix}mlwinternetwithnames" for prefix in ("st", "kv"))
    assert of(demo, "mlw-internet-with-names", "RES001", store)[0] == "pass"
    assert of(demo, "mlw-internet-with-names", "RES005", store)[0] == "fail"
    assert of(demo, "mlw-internet-with-names", "RES006", store)[0] == "fail"
    assert of(demo, "mlw-internet-with-names", "RES011", vault)[0] == "fail"


def test_the_demo_shows_workspaces_protected_and_not(demo: pd.DataFrame) -> None:
    for n in range(1, 6):
        assert of(demo, "mlw-forecast-prod", f"SEC00{n}")[0] == "pass"
        assert of(demo, "mlw-sandbox-01", f"SEC00{n}")[0] == "fail"
    assert of(demo, "mlw-churn-2021", "SEC004")[0] == "fail"
    assert of(demo, "fs-partner-features", "SEC001")[0] == "fail"
    assert of(demo, "proj-support-assistant", "SEC002")[0] == "pass"
    assert of(demo, "proj-partner-pilot", "SEC002")[0] == "unknown"


def test_the_demo_shows_what_can_be_done_from_inside(demo: pd.DataFrame) -> None:
    assert of(demo, "mlw-forecast-prod", "SCN001")[0] == "pass"
    status, reason = of(demo, "mlw-vision-prod", "SCN001")
    assert status == "fail"
    assert "*.pythonhosted.org" in reason
    assert "pypi.org" not in reason
    assert of(demo, "hub-assistants-prod", "SCN004")[0] == "pass"
    assert of(demo, "proj-support-assistant", "SCN004")[0] == "pass"
    assert of(demo, "mlw-scoring-prod", "SCN006")[0] == "pass"
    assert of(demo, "mlw-sandbox-01", "SCN001")[0] == "unknown"
