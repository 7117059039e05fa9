"""A receptive field drawn on the photograph that a net would see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from netdsl.errors import escape, fail
from netdsl.explain.inputs import need_sizes
from netdsl.graph.seen import seen
from netdsl.layers.base import Spans
from netdsl.shapes import Shape, format_shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from netdsl.graph.net import Net

LEAST, MOST = 480, 1200
SHADE = 0.35
PAPER, FRAME, BEYOND = (232, 232, 232), (230, 85, 13), (200, 200, 200)
MOST_BEYOND = 0.5


@dataclass(frozen=True)
class Field:
    """What the position `at` of a node sees of a picture: rows and columns of the input, the last included."""

    node: str
    at: tuple[int, ...]
    spans: Spans
    size: Shape

    def words(self) -> str:
        """Where the field lies, how large it is, and how much of it is picture."""
        (top, bottom), (left, right) = self.spans
        height, width = bottom - top + 1, right - left + 1
        inside = [min(h, n - 1) - max(low, 0) + 1 for (low, h), n in zip(self.spans, self.size, strict=False)]
        share = max(inside[0], 0) * max(inside[1], 0) / (height * width)
        place = f"[{','.join(map(str, self.at))}]" if self.at else ""
        rest = "" if share == 1 else f", {100 * share:.3g} % of them in the picture"
        return (
            f"{self.node}{place} sees rows {top} to {bottom} and columns {left} to {right}: "
            f"{height}x{width} pixels of {format_shape(self.size[:2])}{rest}"
        )


def find_field(net: Net, path: str, at: tuple[int, ...] | None) -> Field:
    """The field of a position of a node, by default the middle one, on the net's picture.

    Raises `NetError` N741 where the output has no such position, N742 where the node sees no picture.
    """
    need_sizes(net)
    shape = net.nodes[path].shape
    place = tuple(n // 2 for n in shape[:-1]) if at is None else at
    if len(place) != len(shape) - 1 or any(not 0 <= i < n for i, n in zip(place, shape, strict=False)):
        given = ",".join(map(str, place))
        words = f"`{escape(path)}` gives {format_shape(shape)}: it has no position {given}"
        last = ",".join(str(n - 1) for n in shape[:-1])
        raise fail("N741", words, help=f"positions run up to {last}" if last else "leave --at out: it is a vector")
    pictures = {name: s for name, s in seen(net, path, place).items() if len(s) == 2}
    if not pictures:
        raise fail("N742", f"`{escape(path)}` sees no picture: no input of `{escape(net.name)}` that it reads is HxWxC")
    name, spans = next(iter(pictures.items()))
    return Field(path, place, spans, net.nodes[name].shape)


def draw_field(photo: NDArray[np.uint8], field: Field) -> NDArray[np.uint8]:
    """The photograph (H, W, C), stretched to the proportions that the net sees, with the field bright and framed.

    What of the field lies beyond the picture, in the padding, is grey, as much of it as half the picture.
    """
    height, width = field.size[:2]
    scale = min(max(LEAST, *photo.shape[:2]), MOST) / max(height, width)
    picture = Image.fromarray(photo if photo.shape[2] == 3 else np.repeat(photo, 3, axis=2))
    exact = min(height, width) * 2 >= min(photo.shape[:2])
    resample = Image.Resampling.NEAREST if exact and scale > 2 else Image.Resampling.BILINEAR
    picture = picture.resize((round(width * scale), round(height * scale)), resample)
    (top, bottom), (left, right) = field.spans
    box = [round(edge * scale) for edge in (left, top, right + 1, bottom + 1)]
    most = [round(n * MOST_BEYOND) for n in picture.size]
    before = [min(max(-box[k], 0), most[k]) for k in (0, 1)]
    after = [min(max(box[k + 2] - picture.size[k], 0), most[k]) for k in (0, 1)]
    border = 4 if any((*before, *after)) else 0
    canvas = Image.new(
        "RGB", [n + b + a + 2 * border for n, b, a in zip(picture.size, before, after, strict=True)], PAPER
    )
    origin = [b + border for b in before]
    box = [edge + origin[k % 2] for k, edge in enumerate(box)]
    draw = ImageDraw.Draw(canvas)
    draw.rectangle(box, fill=BEYOND)
    dark = Image.blend(Image.new("RGB", picture.size, (0, 0, 0)), picture, SHADE)
    canvas.paste(dark, (origin[0], origin[1]))
    inner = [max(box[0], origin[0]), max(box[1], origin[1])]
    outer = [min(box[k + 2], origin[k] + picture.size[k]) for k in (0, 1)]
    if inner[0] < outer[0] and inner[1] < outer[1]:
        cut = [inner[0] - origin[0], inner[1] - origin[1], outer[0] - origin[0], outer[1] - origin[1]]
        canvas.paste(picture.crop((cut[0], cut[1], cut[2], cut[3])), (inner[0], inner[1]))
    draw.rectangle([box[0], box[1], box[2] - 1, box[3] - 1], outline=FRAME, width=3)
    return np.asarray(canvas)
