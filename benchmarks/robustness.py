"""What denormal numbers and too many threads cost (FAULTS rows 107 and 113).

    python benchmarks/robustness.py

Prints the time on denormal images over that on ordinary ones (at most 5 is wanted), and the time of eight processes of
eight threads at once over the sum of the eight one after the other with one thread each (at most 2).
"""

from __future__ import annotations

import subprocess
import sys
from time import perf_counter

import numpy as np

import netdsl

PROCESSES, THREADS, RUNS = 8, 8, 20
WORK = """
import sys, time, numpy as np, netdsl
program = netdsl.compile(netdsl.load("googlenet", size=64, aux=False), batch=4, threads=int(sys.argv[1]))
x = np.ones((4, 64, 64, 3), np.float32)
program(x)
print("ready", flush=True)
sys.stdin.readline()
start = time.perf_counter()
for _ in range(int(sys.argv[2])):
    program(x)
print(time.perf_counter() - start, flush=True)
"""


def denormal_ratio(name: str) -> float:
    """Time of a net on images of denormal numbers over that on ordinary ones, the best of five rounds each."""
    net = netdsl.load(name)
    program, best = netdsl.compile(net, batch=4), {1.0: np.inf, 1e-40: np.inf}
    x = np.random.default_rng(0).normal(size=(4, *net.nodes[net.inputs[0]].shape))
    for _ in range(5):
        for scale in best:
            images = (x * scale).astype(np.float32)
            program(images)
            start = perf_counter()
            for _ in range(RUNS):
                program(images)
            best[scale] = min(best[scale], perf_counter() - start)
    return best[1e-40] / best[1.0]


def start(threads: int) -> subprocess.Popen[str]:
    """A process that has compiled, and waits for a line."""
    words = [sys.executable, "-c", WORK, str(threads), str(RUNS)]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    return process


def go(processes: list[subprocess.Popen[str]]) -> float:
    """The longest of the times that they tell when they start together."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    return max(float(process.communicate()[0]) for process in processes)


def main() -> None:
    """Measure and print."""
    for name in ("lenet5", "cnn2_mnist"):
        print(f"denormal images, {name}: {denormal_ratio(name):.2f} times the time of ordinary ones")
    serial = sum(go([start(1)]) for _ in range(PROCESSES))
    together = go([start(THREADS) for _ in range(PROCESSES)])
    print(f"{PROCESSES} processes of {THREADS} threads: {together:.2f} s; one after the other {serial:.2f} s")


if __name__ == "__main__":
    main()
