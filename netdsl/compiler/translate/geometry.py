"""The fields of a sliding window: sizes of images, and kernel, stride, dilation and padding for height and width."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.compiler.translate.step import sizes
from netdsl.errors import fail
from netdsl.ops.op import Op, Shape

Fields = dict[str, int | float]


def plane(shape: Sequence[int]) -> tuple[int, int]:
    """Height and width of spatial axes: a sequence has height 1."""
    if len(shape) > 2:
        raise fail("N711", "the engine has no kernel for three spatial axes yet; the reference runs them")
    height, width = (1,) * (2 - len(shape)) + tuple(shape)
    return height, width


def pair(prefix: str, values: Sequence[int], neutral: int = 1) -> Fields:
    """`kernel_h kernel_w` and the like; a sequence has height 1."""
    h, w = (neutral,) * (2 - len(values)) + tuple(values)
    return {f"{prefix}_h": h, f"{prefix}_w": w}


def image_fields(prefix: str, shape: Shape) -> Fields:
    """`in_h in_w in_c` or `out_h …` of a batched shape."""
    *space, channels = sizes(shape)
    h, w = plane(space)
    return {f"{prefix}_h": h, f"{prefix}_w": w, f"{prefix}_c": channels}


def geometry(op: Op) -> Fields:
    """The fields of a window over an image."""
    top, left = (0,) * (2 - len(op["kernel"])) + tuple(op["pad"][::2])
    return {
        **pair("kernel", op["kernel"]),
        **pair("stride", op["stride"]),
        **pair("dilation", op.get("dilation", ())),
        **pair("upsample", ()),
        "pad_top": top,
        "pad_left": left,
        "groups": op.get("groups", 1),
    }
