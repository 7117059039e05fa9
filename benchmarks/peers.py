"""Time netdsl beside torch, ONNX Runtime and OpenVINO: the same nets, weights, inputs, cores and threads, float32.

    python benchmarks/peers.py [--nets resnet18 vgg16] [--columns latency training] [--peers netdsl onnxruntime]
    python benchmarks/peers.py --tables            # RESULTS.md and the table of README.md, from results.json

Every runner has a process of its own, on the same cores; one is awake at a time. What it computes is compared with a
reference in float64 before it is timed. Rounds go through the runners there and back. A run replaces the figures of its
networks, columns and runners in benchmarks/results.json, and writes the tables. Columns: latency (inference, batch 1),
throughput (batch 16, U-Net 4), training (one step of batch 16, LeNet-5 64, U-Net 4).
"""

from __future__ import annotations

import argparse
import datetime
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from comparison.cases import CASES, COLUMNS, Case, chosen_runners
from comparison.check import checked
from comparison.machine import commit, machine
from comparison.prepare import prepare
from comparison.results import FILE, QUIET, Results
from comparison.table import write_tables
from comparison.workers import Failed, Worker, ended

ROOT = Path(__file__).parents[1]
WORK = ROOT / "build" / "peers"
HOW = """there is no Python with the peers at {python}; make one:
  python3 -m venv {venv} && {venv}/bin/pip install -r {requirements}
or name another with --python or NETDSL_PEERS"""
VERSIONS = """
from importlib.metadata import version
print(*(f"{name} {version(name)}" for name in ("torch", "onnx", "onnxruntime", "openvino", "numpy")))
"""


def main() -> None:
    """Run what the command line asks for."""
    given = _options()
    if given.tables:
        write_tables(Results.read(), ROOT)
        return
    python = Path(given.python)
    if not python.exists():
        venv, requirements = WORK / "venv", Path(__file__).with_name("requirements.txt")
        sys.exit(HOW.format(python=python, venv=venv, requirements=requirements))
    results = Results.read()
    results.machine = machine()
    status = 0
    for name in given.nets:
        for column in given.columns:
            status |= _cell(CASES[name], column, given, python, results)
    if not given.prepare and not given.quick:
        write_tables(results, ROOT)
    sys.exit(status)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nets", nargs="+", choices=CASES, default=list(CASES), metavar="NET")
    parser.add_argument("--columns", nargs="+", choices=COLUMNS, default=list(COLUMNS), metavar="COLUMN")
    parser.add_argument(
        "--peers",
        nargs="+",
        default=["netdsl", "torch", "onnxruntime", "openvino"],
        metavar="PEER",
        help="by name, or one variant: torch:compiled",
    )
    parser.add_argument("--rounds", type=int, default=4, help="rounds, there and back in turn")
    parser.add_argument("--seconds", type=float, default=0.5, help="of each runner in a round, and at least 5 runs")
    parser.add_argument("--most", type=float, default=4.0, help="seconds after which fewer than 5 runs are enough")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="two rounds of 0.2 s; only printed")
    parser.add_argument("--prepare", action="store_true", help="make files and compare outputs, without timing")
    parser.add_argument("--tables", "--readme", action="store_true", help="write the tables only")
    parser.add_argument("--python", default=os.environ.get("NETDSL_PEERS", WORK / "venv" / "bin" / "python"))
    given = parser.parse_args()
    if given.quick:
        given.rounds, given.seconds, given.most = 2, 0.2, 1.0
    return given


def _cell(case: Case, column: str, given: argparse.Namespace, python: Path, results: Results) -> int:
    """Compare and time the runners of one network and column; 1 where one of them fails."""
    folder = WORK / case.name
    try:
        prepare(case, [column], folder, python, _say)
    except subprocess.CalledProcessError as error:
        _say(f"{case.name}, {column}: {error.stderr.decode(errors='replace').strip().splitlines()[-1]}")
        return 1
    cores = sorted(os.sched_getaffinity(0))[: given.threads]
    versions = subprocess.run([python, "-c", VERSIONS], check=True, capture_output=True, text=True).stdout.strip()
    stamp = {
        "run": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S"),
        "commit": commit(),
        "threads": len(cores),
    }
    found: dict[str, dict[str, Any]] = {}
    with ended([]) as workers:
        for runner in chosen_runners(given.peers, column):
            worker = Worker(runner, folder, column, cores, python)
            workers.append(worker)
            key = stamp["commit"] if runner.peer == "netdsl" else versions
            found[runner.name] = dict(stamp)
            try:
                found[runner.name]["error"] = checked(worker, folder, column, str(key))
                if not given.prepare:
                    found[runner.name]["versions"] = worker.start()["versions"]
            except Failed as error:
                found[runner.name]["failed"] = str(error)
        if not given.prepare:
            _time(given, [w for w in workers if "failed" not in found[w.runner.name]], found)
    for name, entry in found.items():
        _say(f"{case.name}, {column}, {name}: {_shown(entry)}")
    if not given.prepare and not given.quick:
        results.put(case.name, column, found)
        results.write(FILE)
    return int(any("failed" in entry for entry in found.values()))


def _time(given: argparse.Namespace, workers: list[Worker], found: dict[str, dict[str, Any]]) -> None:
    """Rounds through the workers, there and back; puts times and memory into what was found."""
    times: dict[str, list[float]] = {worker.runner.name: [] for worker in workers}
    for round_ in range(given.rounds):
        for worker in workers if round_ % 2 == 0 else workers[::-1]:
            entry = found[worker.runner.name]
            if "failed" in entry:
                continue
            try:
                answer = worker.times(seconds=given.seconds, runs=5, most=given.most)
            except Failed as error:
                entry["failed"] = str(error)
                continue
            times[worker.runner.name] += answer["milliseconds"]
            entry["others"] = round(max(entry.get("others", 0.0), answer["others"]), 3)
            entry["memory_mib"] = round(answer["memory_mib"], 1)
    for name, milliseconds in times.items():
        if milliseconds and "failed" not in found[name]:
            found[name] |= {
                "best_ms": round(min(milliseconds), 5),
                "median_ms": round(statistics.median(milliseconds), 5),
                "samples": len(milliseconds),
                "rounds": given.rounds,
            }


def _shown(entry: dict[str, Any]) -> str:
    if "failed" in entry:
        return f"failed: {entry['failed']}"
    if "best_ms" not in entry:
        return f"error {entry['error']:.1e}"
    return (
        f"{entry['best_ms']:.4g} ms (median {entry['median_ms']:.4g}), {entry['memory_mib']:.0f} MiB, "
        f"error {entry['error']:.1e}" + (f", others had {entry['others']:.0%}" if entry["others"] > QUIET else "")
    )


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
