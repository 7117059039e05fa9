"""Writes the pictures of the pages: drawings of shipped nets, and a test image of Fashion-MNIST to predict.

Usage: python tools/make_pictures.py [--check]; with `--check` nothing is written, and the exit status is 1 when a
picture is not what would be written.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from netdsl.data.open import open_data
from netdsl.language.load import load
from netdsl.report.draw import draw_svg

TARGET = Path(__file__).parent.parent / "docs" / "pictures"
DRAWINGS = ("lenet5", "googlenet", "unet")


def main(arguments: list[str]) -> int:
    """Write the pictures, or with `--check` compare them; the exit status."""
    check = arguments == ["--check"]
    test = open_data("fashion_mnist").test
    assert test is not None
    boot = TARGET / "boot.png"
    stale = [name for name in DRAWINGS if check and _text(name) != draw_svg(load(name))]
    if check and not (boot.exists() and np.array_equal(np.asarray(Image.open(boot)), test.images[0, :, :, 0])):
        stale.append("boot")
    if check:
        if stale:
            print(f"out of date: {', '.join(stale)}; run `python tools/make_pictures.py`", file=sys.stderr)
        return 1 if stale else 0
    TARGET.mkdir(exist_ok=True)
    for name in DRAWINGS:
        (TARGET / f"{name}.svg").write_text(draw_svg(load(name)), "utf-8")
    Image.fromarray(np.asarray(test.images[0, :, :, 0])).save(boot)
    return 0


def _text(name: str) -> str:
    path = TARGET / f"{name}.svg"
    return path.read_text("utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
