"""Widths of text in Helvetica and its metric equals (Arial, Liberation Sans, Nimbus Sans)."""

from __future__ import annotations

import unicodedata

# Advance of each character from 32 to 126, in thousandths of the size (Adobe's font metrics of Helvetica).
_ADVANCES = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278 278 "
    "584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 "
    "667 667 611 278 278 278 469 556 333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 "
    "278 556 500 722 500 500 500 334 260 334 584"
)
_WIDTHS = {chr(32 + i): int(width) for i, width in enumerate(_ADVANCES.split())}
_OTHER, _WIDE, _BOLD = 667, 1000, 1.08


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Width in pixels of a line of text at a font size in pixels, rounded up a little for bold."""
    units = sum(_WIDTHS.get(c) or (_WIDE if unicodedata.east_asian_width(c) in "WF" else _OTHER) for c in text)
    return units / 1000 * size * (_BOLD if bold else 1)
