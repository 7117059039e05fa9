"""A kernel on a photograph: one convolution of the engine, each colour for itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from netdsl.compiler.compile import compile
from netdsl.data.matrix import parse_matrix
from netdsl.errors import escape, fail
from netdsl.language.load import parse
from netdsl.language.suggest import nearest_name
from netdsl.layers.named_kernels import NAMED_KERNELS

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST = 31


@dataclass(frozen=True)
class Filtered:
    """The picture, uint8 (H, W, C), and the numbers before they were cut to 0..255: least, largest, share cut."""

    picture: NDArray[np.uint8]
    least: float
    largest: float
    cut: float

    def words(self) -> str:
        """`numbers from -812 to 1,020, 12 % of them cut to 0..255`."""
        cut = f", {100 * self.cut:.3g} % of them cut to 0..255" if self.cut else ""
        return f"numbers from {self.least:,.6g} to {self.largest:,.6g}{cut}"


def find_kernel(text: str) -> NDArray[np.float64]:
    """A kernel by its name, or written as `1 0/1 -1`: (height, width). Raises `NetError` N620 or N621."""
    if text in NAMED_KERNELS:
        return np.array(NAMED_KERNELS[text].values())
    if text[:1].isalpha():
        likely = nearest_name(text, NAMED_KERNELS)
        hint = f"did you mean `{likely}`? " if likely else ""
        raise fail(
            "N621", f"there is no kernel `{escape(text[:60])}`", help=f"{hint}there are {', '.join(NAMED_KERNELS)}"
        )
    found = parse_matrix(text, "the kernel")
    if found.shape[2] != 1 or max(found.shape) > MOST:
        height, width, channels = found.shape
        raise fail("N621", f"a kernel is one matrix of at most {MOST}x{MOST}, not {height}x{width}x{channels}")
    return found[:, :, 0]


def filter_picture(
    picture: NDArray[np.uint8],
    kernel: NDArray[np.float64],
    *,
    absolute: bool = False,
    offset: float = 0.0,
    zeros: bool = False,
    threads: int | None = None,
) -> Filtered:
    """Cross-correlate each channel of a picture (H, W, C) with a kernel and cut the result to 0..255.

    Beyond the border stand copies of the nearest pixel, or zeros with `zeros`. `absolute` takes absolute values,
    `offset` is added to every number afterwards. The size stays.
    """
    height, width = kernel.shape
    before, after = ((height - 1) // 2, (width - 1) // 2), (height // 2, width // 2)
    pads = (*zip(before, after, strict=True), (0, 0))
    around = np.pad(picture.astype(np.float32), pads, mode="constant" if zeros else "edge")
    planes = np.ascontiguousarray(around.transpose(2, 0, 1)[..., None])
    rows, columns = planes.shape[1:3]
    net = parse(f"net Filter {{ input picture: {rows}x{columns}x1; y: conv(1, {height}x{width}, bias=false) }}")
    program = compile(net, {"y.weight": kernel[:, :, None, None]}, batch=1, threads=threads, algorithm="direct")
    numbers = program(planes)[..., 0].transpose(1, 2, 0)
    found = (np.abs(numbers) if absolute else numbers) + np.float32(offset)
    whole = np.rint(found)
    cut = float(((whole < 0) | (whole > 255)).mean())
    return Filtered(np.clip(whole, 0, 255).astype(np.uint8), float(found.min()), float(found.max()), cut)
