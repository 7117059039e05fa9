"""The fields of a sliding window: sizes of images; kernel, stride, dilation and padding along depth, height, width."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.compiler.translate.step import sizes
from netdsl.ops.op import Op, Shape

Fields = dict[str, int | float]


def space(shape: Sequence[int], neutral: int = 1) -> tuple[int, int, int]:
    """Depth, height and width of one to three spatial axes: a sequence has height 1, an image depth 1."""
    d, h, w = (neutral,) * (3 - len(shape)) + tuple(shape)
    return d, h, w


def triple(prefix: str, values: Sequence[int]) -> Fields:
    """`kernel_d kernel_h kernel_w` and the like; 1 along axes that there are not."""
    return {f"{prefix}_{axis}": n for axis, n in zip("dhw", space(values), strict=True)}


def pads(values: Sequence[int]) -> Fields:
    """`pad_front pad_top pad_left`, 0 along axes that there are not."""
    return dict(zip(("pad_front", "pad_top", "pad_left"), space(values, 0), strict=True))


def image_fields(prefix: str, shape: Shape) -> Fields:
    """`in_d in_h in_w in_c` or `out_d …` of a batched shape."""
    *axes, channels = sizes(shape)
    return {**triple(prefix, axes), f"{prefix}_c": channels}


def geometry(op: Op) -> Fields:
    """The fields of a window over an image."""
    return {
        **triple("kernel", op["kernel"]),
        **triple("stride", op["stride"]),
        **triple("dilation", op.get("dilation", ())),
        **triple("upsample", ()),
        **pads(op["pad"][::2]),
        "groups": op.get("groups", 1),
    }
