"""Read specifications, one line of JSON each; print the shapes that torch gives, null where it refuses or is empty.

Runs under a Python that has torch, without netdsl: `python torch_side.py < specs > shapes`.
"""

from __future__ import annotations

import json
import sys

import torch
from torch.nn import functional


def shape_of(spec: dict[str, object]) -> list[int]:
    """The output's shape, channels last; any exception of torch's goes to the caller."""
    *sizes, channels = spec["shape"]
    rank = len(sizes)
    x = torch.zeros(1, channels, *sizes)
    pads, stride = spec["pads"], spec["stride"]
    even = all(before == after for before, after in pads)
    padding = [before for before, _ in pads] if even else [0] * rank
    if spec["layer"].endswith("pool"):
        if not even:
            x = functional.pad(x, _last_first(pads))
        pool = getattr(functional, f"{'max' if spec['layer'] == 'maxpool' else 'avg'}_pool{rank}d")
        y = pool(x, spec["kernel"], stride, padding, ceil_mode=spec["ceil"])
    elif spec["layer"] == "conv":
        weight = torch.zeros(spec["filters"], channels // max(1, spec["groups"]), *spec["kernel"])
        if spec["same"]:
            padding = "same"
        elif not even:
            x = functional.pad(x, _last_first(pads))
        conv = getattr(functional, f"conv{rank}d")
        y = conv(x, weight, None, stride, padding, spec["dilation"], spec["groups"])
    else:
        weight = torch.zeros(channels, spec["filters"] // max(1, spec["groups"]), *spec["kernel"])
        conv = getattr(functional, f"conv_transpose{rank}d")
        y = conv(x, weight, None, stride, padding, spec["output_pad"], spec["groups"], spec["dilation"])
    return [*y.shape[2:], y.shape[1]]


def _last_first(pads: list[list[int]]) -> list[int]:
    """Padding as torch wants it: the last axis first."""
    return [n for pair in reversed(pads) for n in pair]


if __name__ == "__main__":
    torch.set_num_threads(1)
    for line in sys.stdin:
        try:
            shape = shape_of(json.loads(line))
            print(json.dumps(shape if all(shape) else None))
        except (RuntimeError, ValueError, TypeError):
            print("null")
