"""Lines of a formatted text: shapes and comments at their right stand in columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

GAP = 2
WIDEST = 80  # a longer line does not push the column of its body to the right


@dataclass
class Line:
    """One line: what stands at its left, the shape it declares, and its comment; `body` is where it belongs."""

    indent: int
    body: int
    left: str = ""
    shape: str | None = None
    comment: str | None = None
    blank: bool = False

    @property
    def width(self) -> int:
        """Columns that the left part takes."""
        return self.indent + len(self.left)

    @property
    def length(self) -> int:
        """Columns without the comment."""
        return self.width + (GAP + len(self.shape) if self.shape is not None else 0)


def aligned(lines: Sequence[Line]) -> str:
    """The text of the lines; columns begin anew in each body, and behind an empty line."""
    sections: dict[int, int] = defaultdict(int)
    columns: dict[tuple[int, int], list[Line]] = defaultdict(list)
    for line in lines:
        sections[line.body] += line.blank
        if line.left:
            columns[line.body, sections[line.body]].append(line)
    for section in columns.values():
        _align(section)
    return "".join(
        ("\n" if line.blank and place else "") + (" " * line.indent + line.left).rstrip() + "\n"
        for place, line in enumerate(lines)
    )


def _align(section: Iterable[Line]) -> None:
    with_shape = [line for line in section if line.shape is not None]
    with_comment = [line for line in section if line.comment is not None]
    right = [line.width for line in (*with_shape, *with_comment) if line.width <= WIDEST]
    column = max(right, default=0) + GAP
    for line in with_shape:
        _append(line, line.shape or "", column)
    both = [line.width for line in with_shape if line.comment is not None]
    behind = max(both, default=0) + GAP
    for line in with_comment:
        _append(line, line.comment or "", column if line.shape is None else behind)


def _append(line: Line, text: str, column: int) -> None:
    line.left += " " * max(GAP, column - line.width) + text
