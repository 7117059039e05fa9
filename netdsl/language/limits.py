"""What holds for every layer whatever its formulas say: limits of sizes and counts, and weights without symbols."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.errors import Fault
from netdsl.layers.base import Layer, Param
from netdsl.layers.everywhere import check_settings
from netdsl.layers.initialiser import check_fits
from netdsl.shapes import MAX_SIZE, Shape, checked, format_shape, volume
from netdsl.symbolic.size import is_symbolic, names_in, symbols_in


def check_limits(layer: Layer, shape: Shape, shapes: Sequence[Shape]) -> None:
    """Check a layer that gives `shape` from inputs of `shapes`; `Fault` N306, N314 or what its settings raise."""
    for size in shape:
        if size < 1 or (not is_symbolic(size) and size > MAX_SIZE):
            raise Fault("N306", f"`{layer.keyword}` gives {format_shape(shape)}: a size counts from 1 to 2^31 - 1")
    volume(shape)
    params = layer.params(*shapes)
    check_settings(layer, params)
    for param in params:
        volume(param.shape)
        if symbols_in(param.shape):
            raise _unfixed(layer, param)
        argument = "bias_init" if param.name == "bias" else "init"
        check_fits(param.init, param.shape, param.kernel, keyword=layer.keyword, argument=argument)
    checked(layer.macs(*shapes).value, f"the multiply-adds of `{layer.keyword}`")


def _unfixed(layer: Layer, param: Param) -> Fault:
    """The complaint about a tensor whose size depends on a symbol: weights are the same for every size of the input."""
    return Fault(
        "N314",
        f"the {param.name} of `{layer.keyword}` is {format_shape(param.shape)}: it depends on {names_in(param.shape)}",
        help="`global_avgpool` before it makes a vector of any map" if layer.keyword == "dense" else None,
    )
