"""`netdsl why` as lines of text: a label and what it says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from netdsl.shapes import format_shape

Line = tuple[str, str]
ROOM = 10


def lines(found: dict[str, Any]) -> Iterator[str]:
    """The report on one node; without operations, where its net has symbols, what the net alone says."""
    yield f"{found['node']} = {found['layer']}" + (f"   {found['place']}" if found["place"] else "")
    yield from _drawn(_numbers(found))
    if "operations" not in found:
        return
    for operation in found["operations"]:
        yield ""
        yield f"{operation['phase']}: {operation['operation']}"
        yield from _drawn(_operation(found, operation))
    yield ""
    yield from _drawn(_whole(found))


def _drawn(pairs: Iterator[Line]) -> Iterator[str]:
    for label, text in pairs:
        yield f"  {label:<{ROOM}} {text}"


def _numbers(found: dict[str, Any]) -> Iterator[Line]:
    given = " + ".join(f"{name} {format_shape(tuple(shape))}" for name, shape in found["inputs"].items())
    yield "shape", f"{given} → {format_shape(tuple(found['shape']))}" if given else format_shape(tuple(found["shape"]))
    yield from found["extents"].items()
    if found["sizes"]:
        yield "sizes", found["sizes"]
    if found["tensors"]:
        yield "params", found["params"]["derivation"]
        for tensor in found["tensors"]:
            shape = format_shape(tuple(tensor["shape"]))
            state = ", a moving statistic" if tensor["role"] == "state" else ""
            shared = f", shared: `{tensor['shared']}`" if tensor["shared"] else ""
            yield "", f"{tensor['name']} {shape}{state}{shared}"
    if found["total"]["derivation"]:
        yield "total", f"{found['total']['derivation']}, with the moving statistics"
    if found["macs"]["count"]:
        yield "macs", found["macs"]["derivation"]
    if len(found["shape"]) > 1:
        yield "values", f"{found['values']['derivation']} an image"
    if found["rf"]:
        yield "sees", f"{format_shape(tuple(found['rf']))} pixels of the input"
        for derivation in dict.fromkeys(found["field"]):
            yield "", derivation


def _operation(found: dict[str, Any], operation: dict[str, Any]) -> Iterator[Line]:
    isa = next(one["name"] for one in found["instruction_sets"] if not one["refused"])
    times = Counter(operation["kernels"])
    yield from (("kernel", f"{kernel}, {isa}" + (f", {n} times" if n > 1 else "")) for kernel, n in times.items())
    if not times:
        yield "kernel", "none: the result lies in its place already"
    taken = next((way["name"] for way in operation["ways"] if not way["refused"]), None)
    if taken:
        yield "computed", f"by {taken}"
    for way in operation["ways"]:
        if way["name"] != taken:
            yield "not", f"by {way['name']}: {way['refused'] or 'a slower way'}"
    for step in found["steps"]:
        if step["op"].partition(" = ")[0] == operation["operation"].partition(" = ")[0]:
            for name, why in step["refused"]:
                yield "not", f"{name}: {why}"
    if weight := operation["weight"]:
        yield "weight", f"{weight['name']} {weight['shape']}, {weight['layout']}"
    for other in operation["folded"]:
        yield "folded", f"{other} into the weight: {', '.join(weight['from'])}" if weight else other
    if operation["fused"]:
        yield "fused", ", ".join(operation["fused"])
    if operation["epilogue"]:
        yield "epilogue", f"{operation['epilogue']}, before the result is stored"


def _whole(found: dict[str, Any]) -> Iterator[Line]:
    for home in found["part_of"]:
        yield (
            ("folded" if home["folded"] else "fused"),
            f"into {home['node']}" + ("'s weight" if home["folded"] else ", and computed there"),
        )
    if not found["inputs"]:
        yield "bound", "to the array of each run"
    elif not found["needed"]:
        yield "none", "no output of this program needs it; a head is computed in training (--train)"
    elif not found["computed"] or not (found["steps"] or found["part_of"]):
        yield "none", "no step: its result is what it reads, under another name"
    for step in found["steps"]:
        cost = f"about {step['nanoseconds'] / 1000:,.1f} µs on one thread"
        tiles = f", in {step['tiles']} tiles of images, whose maps stay in the cache" if step["tiles"] > 1 else ""
        yield f"step {step['step']}", f"{step['phase']}, {step['kernel']}, {cost}{tiles}"
    if found["steps"]:
        for one in found["instruction_sets"]:
            if one["refused"]:
                yield "not", f"on {one['name']}: {one['refused']}"
