"""How far a net's steps are from what this machine's arithmetic and memory allow.

    python benchmarks/bounds.py benchmarks/nets/alexnet.net --batch 1
    python benchmarks/bounds.py resnet50 --batch 16 --train

The bound of a step is the larger of two times: its multiply-adds at the measured peak, of which a Winograd kernel has
a sixth at least; and the bytes that it must read and write at the rate at which the engine streams a dense layer's
weights of 256 MiB. It leaves out what no program can do without either: Winograd's transforms, packing, waiting for
the other thread, and the call. The table has a line a kernel, the slowest first.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

STREAM = "net Stream { input x: 4096; dense(16384, bias=false) }\n"
FEWER = 6.25
"""Multiplications of a direct sum for each of F(4x4, 5x5), which saves the most."""


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("net", help="as `netdsl bench` takes it; further options go to it as well")
    given, options = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stream.net"
        path.write_text(STREAM)
        (stream,) = profile(str(path))["steps"]
    rate = stream["bytes"] / stream["microseconds"] * 1e6
    found = profile(given.net, *options)
    peak = found["peak_gflops"] * 1e9
    measured: dict[str, float] = defaultdict(float)
    bounds: dict[str, float] = defaultdict(float)
    for step in found["steps"]:
        measured[step["kernel"]] += step["microseconds"] / 1000
        bounds[step["kernel"]] += 1000 * bound(step, peak, rate)
    print(f"peak {peak / 1e9:.0f} GF/s, weights streamed at {rate / 1e9:.1f} GB/s, {found['threads']} threads")
    print(f"{'kernel':<20}{'measured, ms':>14}{'bound, ms':>12}{'ratio':>8}")
    for kernel in sorted(measured, key=lambda name: -measured[name]):
        show(kernel, measured[kernel], bounds[kernel])
    show("all steps", sum(measured.values()), sum(bounds.values()))
    print(f"a run               {found['median_ms']:>14.4g}    (fastest {found['from_ms']:.4g})")


def profile(net: str, *options: str) -> dict[str, Any]:
    """What `netdsl bench --profile` measures."""
    command = [sys.executable, "-P", "-m", "netdsl", "bench", net, "--profile", "--format", "json", *options]
    answer: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return answer


def bound(step: dict[str, Any], peak: float, rate: float) -> float:
    """Seconds below which a step cannot be."""
    operations = step["gflops"] * step["microseconds"] * 1e3 / (FEWER if "winograd" in step["kernel"] else 1)
    return max(float(operations) / peak, float(step["bytes"]) / rate)


def show(name: str, milliseconds: float, least: float) -> None:
    """One line of the table."""
    print(f"{name:<20}{milliseconds:>14.4g}{least:>12.4g}{milliseconds / max(least, 1e-9):>8.2f}")


if __name__ == "__main__":
    main()
