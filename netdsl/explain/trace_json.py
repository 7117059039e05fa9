"""A worked convolution as plain values."""

from __future__ import annotations

from typing import Any

from netdsl.explain.trace import Trace
from netdsl.explain.windows import Plane, Step, activation_name


def plain(found: Trace) -> dict[str, Any]:
    """`node`, `layer`, `shape`, `steps`, `left`, the engine's `output`, and its largest `difference` from float64."""
    node = found.node
    return {
        "node": node.path,
        "layer": node.layer.text(),
        "shape": list(node.shape),
        "activation": activation_name(node.layer),
        "steps": [_step(found, step) for step in found.steps],
        "left": found.left,
        "output": found.output.tolist(),
        "difference": found.difference,
    }


def _step(found: Trace, step: Step) -> dict[str, Any]:
    return {
        "position": list(step.position),
        "channel": step.channel,
        "planes": [_plane(plane) for plane in step.planes],
        "sum": step.sum,
        "bias": step.bias,
        "divisor": step.divisor,
        "result": step.result,
        "engine": float(found.output[(*step.position, step.channel)]),
    }


def _plane(plane: Plane) -> dict[str, Any]:
    made: dict[str, Any] = {
        "channel": plane.channel,
        "window": plane.window.tolist(),
        "inside": plane.inside.tolist(),
    }
    if plane.kernel is not None:
        made |= {"kernel": plane.kernel.tolist(), "products": plane.products.tolist(), "sum": plane.sum}
    return made
