"""Workers import nothing from the folder in which the user stands, where others may have put files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scanner.emulator.tenants.generated import generated_tenant
from scanner.workers.pools import processes
from scanner.workers.steps import silent
from tests.support.command_line import served
from tests.support.places import ROOT

MODULES = (
    "multiprocessing",
    "random",
    "json",
    "logging",
    "pickle",
    "selectors",
    "checks",
    "pandas",
    "aiohttp",
)
PLANT = "from pathlib import Path\nPath(__file__).with_suffix('.ran').touch()\nraise SystemExit('planted')\n"


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """A folder with files that Python would take for modules."""
    folder = tmp_path / "planted"
    folder.mkdir()
    for module in MODULES:
        (folder / f"{module}.py").write_text(PLANT)
    return folder


def ran_in(folder: Path) -> list[str]:
    """The planted files that were run."""
    return sorted(path.name for path in folder.glob("*.ran"))


@pytest.mark.parametrize("as_module", [True, False], ids=["python -m", "the console script"])
def test_a_scan_with_workers_runs_no_file_of_the_current_folder(
    planted: Path, tmp_path: Path, *, as_module: bool
) -> None:
    script = tmp_path / "azml-audit"
    script.write_text("from scanner.__main__ import main\nif __name__ == '__main__':\n    main()\n")
    start = ["-m", "scanner"] if as_module else [str(script)]
    tenant = generated_tenant(subscriptions=4, workspaces=2, rules=1, seed=0)
    with served(tenant, tmp_path) as (_, options, environment):
        report = tmp_path / "report"
        command = [sys.executable, *start, "scan", *options, "--workers", "2", "--output", str(report)]
        done = subprocess.run(
            [*command, "--format", "csv", "--policy", "internet-outbound"],
            cwd=planted,
            env=os.environ | environment | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert ran_in(planted) == []
    assert done.returncode in (0, 1), done.stderr
    assert len((report / "subscriptions.csv").read_text().splitlines()) == 5


def test_the_files_would_run_without_the_protection(planted: Path) -> None:
    command = [sys.executable, "-c", "import random"]
    subprocess.run(command, cwd=planted, capture_output=True, check=False, timeout=60)
    assert ran_in(planted) == ["random.ran"]


def test_the_environment_is_as_before_after_the_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    for before in (None, "x"):
        if before is None:
            monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
        else:
            monkeypatch.setenv("PYTHONSAFEPATH", before)
        with processes(1).open(silent) as opened:
            assert opened.executor.submit(os.getenv, "PYTHONSAFEPATH").result(timeout=60) == "1"
        assert os.environ.get("PYTHONSAFEPATH") == before


def test_a_dask_worker_started_as_the_docs_say_runs_no_file_of_its_folder(planted: Path) -> None:
    """A Dask worker starts a process of its own, which would look in the current folder first."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=0, protocol="tcp", dashboard_address="127.0.0.1:0", host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        dask = str(Path(sys.executable).with_name("dask"))
        worker = subprocess.Popen(
            [dask, "worker", cluster.scheduler_address, "--nthreads", "1", "--no-dashboard"],
            cwd=planted,
            env=os.environ | {"PYTHONSAFEPATH": "1", "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            client.wait_for_workers(1, timeout=60)
            assert client.submit(_version, pure=False).result(timeout=60)
        finally:
            worker.terminate()
            worker.wait(timeout=60)
    assert ran_in(planted) == []


def _version() -> str:
    from scanner.workers.shards import reader_version

    return reader_version()
