"""A worked convolution as the lectures print it: window, kernel and products side by side, then the sum."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import floor, log10
from typing import Any

import numpy as np

from netdsl.errors import escape
from netdsl.explain.trace import Trace
from netdsl.explain.windows import Numbers, Plane, Step, activation_name
from netdsl.shapes import format_shape

MOST_PLANES = 8
MOST_ROWS, MOST_COLUMNS = 32, 16
MOST_PLAIN, DIGITS, MOST_DECIMALS = 1e6, 4, 9
OUTSIDE = "-"


def lines(found: Trace) -> Iterator[str]:
    """The report: what is computed, every window, and the whole output beside what float64 gives."""
    node = found.node
    shapes = f"{format_shape(found.input.shape)} → {format_shape(node.shape)}"
    yield f"{escape(node.path)} = {escape(node.layer.text())}, {shapes}"
    for step in found.steps:
        yield ""
        yield from _step(found, step)
    if found.left:
        yield ""
        yield f"{found.left:,} more windows: --at and --channel choose others"
    yield from _maps(found)
    yield ""
    yield _verdict(found)


def _verdict(found: Trace) -> str:
    count = f"{found.output.size:,} number{'s' if found.output.size != 1 else ''}"
    if not found.difference:
        return f"the engine and float64 arithmetic agree in all {count}"
    words = "by rounding" if found.close else "BY MORE THAN ROUNDING"
    return f"the engine and float64 arithmetic differ {words}, by {found.difference:.2g} at most in {count}"


def _step(found: Trace, step: Step) -> Iterator[str]:
    place = ",".join(map(str, step.position))
    several = f", channel {step.channel}" if found.node.shape[-1] > 1 else ""
    yield f"{escape(found.node.path)}[{place}]{several}"
    shown = step.planes[:MOST_PLANES]
    for plane in shown:
        label = f"input {plane.channel}" if len(step.planes) > 1 else ""
        yield from _plane(plane, label, last=f"sum {number(plane.sum)}" if label else "")
    if len(step.planes) > MOST_PLANES:
        rest = step.planes[MOST_PLANES:]
        yield f"  … {len(rest)} more channels of the input, which add {number(sum(p.sum for p in rest))}"
    yield f"  {_sum(found, step)}"
    engine = float(found.output[(*step.position, step.channel)])
    off = abs(engine - step.result)
    yield f"  engine {number(engine)}, {f'off by {off:.2g}' if engine != np.float32(step.result) else 'equal'}"


def _sum(found: Trace, step: Step) -> str:
    """`3 + 0 - 1 = 2, + bias 1 = 3, relu gives 3`."""
    if step.planes[0].kernel is None:
        words = _pooled(found, step)
    else:
        terms = [p.sum for p in step.planes]
        if len(terms) == 1:
            terms = [float(t) for t in step.planes[0].products.ravel()]
        words = f"{_terms(terms)} = {number(step.sum)}" if 1 < len(terms) <= 32 else f"sum {number(step.sum)}"
    if step.bias is not None:
        words += f", + bias {number(step.bias)} = {number(step.biased)}"
    act = activation_name(found.node.layer)
    return words if act == "none" else f"{words}, {act} gives {number(step.result)}"


def _pooled(found: Trace, step: Step) -> str:
    (plane,) = step.planes
    seen = [float(v) for v in plane.window[plane.inside]]
    rule = found.node.layer.keyword.removesuffix("pool")
    if rule in ("max", "min"):
        return f"{rule}({', '.join(map(number, seen))}) = {number(step.sum)}"
    if step.divisor is None:
        return f"{_terms(seen)} = {number(step.sum)}"
    return f"({_terms(seen)})/{step.divisor} = {number(step.sum / step.divisor)}"


def _terms(terms: Sequence[float]) -> str:
    first, *rest = terms
    return number(first) + "".join(f" {'-' if t < 0 else '+'} {number(abs(t))}" for t in rest)


def _plane(plane: Plane, label: str, *, last: str) -> Iterator[str]:
    """One channel's matrices side by side; a window on a volume is printed depth by depth."""
    window = plane.window if plane.window.ndim > 1 else plane.window[None]
    inside = plane.inside.reshape(window.shape)
    if window.ndim == 3:
        for d in range(len(window)):
            kernel = None if plane.kernel is None else plane.kernel[d]
            one = Plane(plane.channel, window[d], inside[d], kernel)
            yield from _plane(one, f"{label} depth {d}".strip(), last=last if d + 1 == len(window) else "")
        return
    if plane.kernel is None:
        blocks = [_cells(window, inside)]
        joints = [""]
    else:
        kernel = plane.kernel.reshape(window.shape)
        blocks = [_cells(window), _cells(kernel), _cells(window * kernel)]
        joints = ["·", "=", ""]
    middle = (len(window) - 1) // 2
    for i in range(len(window)):
        parts = [f"{label if i == middle else '':<{len(label)}}"] if label else []
        for block, joint in zip(blocks, joints, strict=True):
            parts.append(block[i])
            if joint:
                parts.append(joint if i == middle else " ")
        parts.append(last if i == middle else "")
        yield f"  {'  '.join(parts)}".rstrip()


def _cells(numbers: Numbers, inside: Any = None) -> list[str]:
    """A matrix as lines, its columns of one width."""
    write = _writer(numbers)
    words = [
        [write(float(v)) if inside is None or inside[i, j] else OUTSIDE for j, v in enumerate(row)]
        for i, row in enumerate(numbers)
    ]
    widths = [max(len(row[j]) for row in words) for j in range(len(words[0]))]
    return [" ".join(word.rjust(w) for word, w in zip(row, widths, strict=True)) for row in words]


def _writer(numbers: Numbers) -> Callable[[float], str]:
    """Whole numbers as they are; else all with as many decimals as show four digits of the largest."""
    largest = float(np.abs(numbers).max(initial=0.0))
    if not np.isfinite(largest) or largest >= MOST_PLAIN or (numbers == np.rint(numbers)).all():
        return number
    decimals = min(max(DIGITS - 1 - floor(log10(largest)), 1), MOST_DECIMALS)
    while decimals > 1 and np.allclose(numbers, np.round(numbers, decimals - 1), rtol=0, atol=1e-6 * largest):
        decimals -= 1
    return lambda value: f"{round(value, decimals) + 0.0:.{decimals}f}"


def _maps(found: Trace) -> Iterator[str]:
    """The engine's output for each channel that was worked out, where it fits on a page."""
    *sizes, channels = found.node.shape
    if not sizes or sizes[-1] > MOST_COLUMNS or np.prod(sizes[:-1]) > MOST_ROWS:
        return
    for k in dict.fromkeys(step.channel for step in found.steps):
        yield ""
        yield f"the engine's output, channel {k}" if channels > 1 else "the engine's output"
        yield from (f"  {line}" for line in _cells(found.output[..., k].reshape(-1, sizes[-1]).astype(np.float64)))


def number(value: float) -> str:
    """At most six digits, and no negative zero."""
    return f"{value + 0.0:.6g}" if value else "0"
