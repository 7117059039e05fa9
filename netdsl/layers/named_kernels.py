"""Kernels with a name: those that image processing has given one, for `init=` and `netdsl filter`.

All are written as cross-correlation reads them: the first row lies over the upper row of the window.
"""

from __future__ import annotations

from dataclasses import dataclass

Rows = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class NamedKernel:
    """A square kernel of odd size: integers over a common `divisor`, and what it does to a picture."""

    rows: Rows
    divisor: int
    text: str

    @property
    def size(self) -> int:
        """Height and width, pixels."""
        return len(self.rows)

    @property
    def sum(self) -> float:
        """What a uniform area is multiplied by: 1 keeps it, 0 makes it black."""
        return sum(map(sum, self.rows)) / self.divisor

    def values(self) -> tuple[tuple[float, ...], ...]:
        """The kernel's numbers, row by row."""
        return tuple(tuple(number / self.divisor for number in row) for row in self.rows)


def _outer(column: tuple[int, ...], row: tuple[int, ...]) -> Rows:
    return tuple(tuple(a * b for b in row) for a in column)


def _turned(rows: Rows) -> Rows:
    """The transpose: what finds vertical edges finds horizontal ones."""
    return tuple(zip(*rows, strict=True))


_BINOMIAL = (1, 4, 6, 4, 1)
_GAUSS5 = _outer(_BINOMIAL, _BINOMIAL)
_UNSHARP = tuple(
    tuple(n - 512 * (i == j == 2) for j, n in enumerate(row)) for i, row in enumerate(_GAUSS5)
)  # blur - 2·identity, over -256
_SOBEL = _outer((1, 2, 1), (-1, 0, 1))
_SCHARR = _outer((3, 10, 3), (-1, 0, 1))
_PREWITT = _outer((1, 1, 1), (-1, 0, 1))

NAMED_KERNELS: dict[str, NamedKernel] = {
    "identity": NamedKernel(((0, 0, 0), (0, 1, 0), (0, 0, 0)), 1, "the picture as it is"),
    "edge": NamedKernel(((1, 0, -1), (0, 0, 0), (-1, 0, 1)), 1, "corners and slanted edges"),
    "laplacian": NamedKernel(((0, 1, 0), (1, -4, 1), (0, 1, 0)), 1, "edges of all directions, by 4 neighbours"),
    "outline": NamedKernel(((-1, -1, -1), (-1, 8, -1), (-1, -1, -1)), 1, "edges of all directions, by 8 neighbours"),
    "sharpen": NamedKernel(((0, -1, 0), (-1, 5, -1), (0, -1, 0)), 1, "edges made stronger"),
    "box": NamedKernel(_outer((1, 1, 1), (1, 1, 1)), 9, "the mean of the window"),
    "gauss3": NamedKernel(_outer((1, 2, 1), (1, 2, 1)), 16, "a soft blur, binomial 3x3"),
    "gauss5": NamedKernel(_GAUSS5, 256, "a soft blur, binomial 5x5"),
    "unsharp": NamedKernel(_UNSHARP, -256, "the picture plus what a blur takes away: 2·identity - gauss5"),
    "sobel_x": NamedKernel(_SOBEL, 1, "vertical edges, brighter at the right"),
    "sobel_y": NamedKernel(_turned(_SOBEL), 1, "horizontal edges, brighter below"),
    "scharr_x": NamedKernel(_SCHARR, 1, "vertical edges, alike in all directions"),
    "scharr_y": NamedKernel(_turned(_SCHARR), 1, "horizontal edges, alike in all directions"),
    "prewitt_x": NamedKernel(_PREWITT, 1, "vertical edges, the plain difference"),
    "prewitt_y": NamedKernel(_turned(_PREWITT), 1, "horizontal edges, the plain difference"),
    "emboss": NamedKernel(((-2, -1, 0), (-1, 1, 1), (0, 1, 2)), 1, "a relief, lit from the upper left"),
}
