"""How many blanks stand between two neighbours on a line."""

from __future__ import annotations

from netdsl.language.marks import Marks
from netdsl.language.pieces import Piece

_VALUES = frozenset(("NAME", "NUMBER", "STRING", "DIMS", "DIMS_TAIL"))
_CLOSERS = frozenset((")", "]", "}"))


def ends_value(piece: Piece, marks: Marks) -> bool:
    """Whether a value ends here, so that a minus behind it takes away and a bracket behind it belongs to it."""
    if piece.start in marks.keys or piece.start in marks.bodies:
        return False
    return piece.kind in _VALUES or piece.text in _CLOSERS


def gap(before: Piece, piece: Piece, signed: bool, marks: Marks) -> str:
    """The blanks between two pieces; `signed` says that the first is the minus sign of a number."""
    is_size = "{" in (before.text, piece.text) or "}" in (before.text, piece.text)
    return "" if _touch(before, piece, signed, marks, is_size) else " "


def _touch(before: Piece, piece: Piece, signed: bool, marks: Marks, is_size: bool) -> bool:
    one, two = before.text, piece.text
    if signed or one in ("(", "[", ".", "**") or two in (")", "]", ",", ".", "**", ":", ";"):
        return True
    if before.start in marks.close or piece.start in marks.close:
        return True
    if "=" in (one, two) and not {before.start, piece.start} & marks.spaced:
        return True
    if two in ("(", "["):
        return ends_value(before, marks) and one != "}"
    if is_size and before.start not in marks.bodies and piece.start not in marks.bodies:
        return one == "{" or two == "}" or before.kind in ("DIMS_HEAD", "DIMS_LINK") or piece.kind.startswith("DIMS_")
    return False
