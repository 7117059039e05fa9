"""Specifications that torch knows too, and what it says of them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from oracle.spec import Spec

MOST_PAD = 1000


def speaks_torch(spec: Spec, codes: set[str]) -> bool:
    """Whether torch has this layer with the same rules; `codes` is what is wrong with it.

    Torch knows neither sums nor minima, no `same` with a stride, no uneven cuts, and hangs no window over uneven
    padding. Of wrong arguments it accepts kernels without a size, and no filters; a transposed convolution's filters it
    counts by group, so that they cannot be indivisible.
    """
    if spec.layer in ("sumpool", "minpool") or codes - {"N208", "N301", "N304", "N305"} or not 1 <= spec.rank <= 3:
        return False
    if spec.pad == "causal" or (spec.pad == "same" and (spec.layer != "conv" or spec.stride != 1)):
        return False
    if isinstance(spec.pad, tuple) and len(spec.pad) not in (spec.rank, 2 * spec.rank):
        return False
    pads, kernel = pads_of(spec), along(spec.kernel, spec.rank)
    if not all(0 <= p <= MOST_PAD for pair in pads for p in pair) or min(*kernel, spec.filters) < 1:
        return False
    even = all(before == after for before, after in pads)
    if not even and (spec.layer == "conv_transpose" or spec.ceil):
        return False
    if spec.layer == "conv_transpose" and spec.groups > 0 and spec.filters % spec.groups:
        return False
    return not spec.is_pool or _pools_alike(spec, kernel, pads, even=even)


def _pools_alike(spec: Spec, kernel: list[int], pads: list[tuple[int, int]], *, even: bool) -> bool:
    """Torch limits padding to half a window, and wants images of avg_pool3d as large as the window without any."""
    if spec.layer == "avgpool" and spec.rank == 3 and any(n < k for n, k in zip(spec.shape, kernel, strict=False)):
        return False
    return all(2 * max(pair) <= k or (even and max(pair) >= k) for pair, k in zip(pads, kernel, strict=True))


def along(value: int | tuple[int, ...], rank: int) -> list[int]:
    """A number for each axis."""
    return list(value) if isinstance(value, tuple) else [value] * rank


def pads_of(spec: Spec) -> list[tuple[int, int]]:
    """Padding before and after, for each axis; none for a word."""
    if isinstance(spec.pad, str):
        return [(0, 0)] * spec.rank
    if isinstance(spec.pad, tuple) and len(spec.pad) == 2 * spec.rank:
        return list(zip(spec.pad[::2], spec.pad[1::2], strict=True))
    return [(p, p) for p in along(spec.pad, spec.rank)]


def ask_torch(python: str, specs: Sequence[Spec]) -> list[tuple[int, ...] | None]:
    """The shapes that another Python's torch gives, None where it refuses."""
    side = Path(__file__).with_name("torch_side.py")
    lines = "\n".join(json.dumps(_plain(spec)) for spec in specs)
    done = subprocess.run([python, str(side)], input=lines, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{python} cannot run torch: {done.stderr.strip().splitlines()[-1]}")
    return [None if shape is None else tuple(shape) for shape in map(json.loads, done.stdout.splitlines())]


def _plain(spec: Spec) -> dict[str, object]:
    sides = {name: along(getattr(spec, name), spec.rank) for name in ("kernel", "dilation", "output_pad")}
    return sides | {
        "layer": spec.layer,
        "shape": spec.shape,
        "filters": spec.filters,
        "groups": spec.groups,
        "stride": along(spec.steps, spec.rank),
        "pads": pads_of(spec),
        "same": spec.pad == "same",
        "ceil": spec.ceil,
    }
