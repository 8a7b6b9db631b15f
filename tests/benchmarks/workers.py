"""How long a scan takes from start to page in one process, with two processes, and with a Dask cluster of two workers.

    python tests/benchmarks/workers.py --subscriptions 100 --workspaces 500 --rules 12

Starts the embedded emulator (it is not Azure) as `scan_speed.py` does, and runs the three scans one after the other.
The wall clock is that of the whole command. CPU and memory are those of its process and its worker processes, not
those of the Dask workers. The last column names the CSV files of the report whose bytes differ from those of one
process: policies.csv has the time of the scan.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.scan_speed import HERE, ROOT, SIGN_IN, emulator, measured, rows


@contextmanager
def cluster(authority: Path) -> Iterator[str]:
    """The address of a Dask scheduler on loopback with two workers of one thread, which can sign in to the emulator."""
    from distributed import LocalCluster

    os.environ.update(SIGN_IN, SSL_CERT_FILE=str(authority), PYTHONPATH=str(ROOT))
    with LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as started:
        yield started.scheduler_address


def digests(report: Path) -> Mapping[str, str]:
    """The SHA-256 of each CSV file of a report."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in report.glob("*.csv")}


def parsed() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name, default in (("subscriptions", 100), ("workspaces", 10), ("rules", 12)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--latency-ms", type=float, default=40.0)
    parser.add_argument("--concurrency", type=int, default=256)
    parser.add_argument("--policy", default=HERE / "network.yaml")
    parser.set_defaults(peers=None)
    return parser.parse_args()


def main() -> None:
    """Print a line for each way to scan."""
    arguments = parsed()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with emulator(arguments, folder) as url, cluster(folder / "ca.pem") as scheduler:
            show(
                arguments,
                url,
                folder,
                {"one process": [], "2 workers": ["--workers=2"], "Dask": [f"--dask={scheduler}"]},
            )


def show(arguments: argparse.Namespace, url: str, folder: Path, ways: Mapping[str, list[str]]) -> None:
    """Scan in each way and print its measures."""
    print(
        f"{'':12}{'wall s':>8}{'CPU s':>8}{'peak MB':>9}{'report MB':>11}  CSV files that differ", flush=True
    )
    first: Mapping[str, str] = {}
    report = folder / "report"
    for way, options in ways.items():
        arguments.scan_option = options
        used = measured(rows(arguments, url, folder)["whole scan"], folder / "ca.pem", accepted=(0, 1, 3))
        found = digests(report)
        first = first or found
        differing = ", ".join(file for file in sorted(first) if found.get(file) != first[file]) or "none"
        size = sum(file.stat().st_size for file in report.iterdir()) / 1e6
        print(
            f"{way:12}{used.wall:8.1f}{used.cpu:8.1f}{used.memory:9.0f}{size:11.1f}  {differing} of {len(first)}",
            flush=True,
        )
        shutil.rmtree(report)


if __name__ == "__main__":
    main()
