"""From bytes to checked characters: what is refused before anything is parsed."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from pathlib import Path

from netdsl.errors import Diagnostic, NetError, Source, Span, escape, fail

MAX_BYTES = 4 * 2**20
_PLAIN = re.compile(r"[\t\n\r\x20-\x7e]*+")
_INVISIBLE = frozenset(("Cc", "Cf", "Zl", "Zp", "Cs"))


def read(path: str | Path, name: str | None = None) -> Source:
    """The text of a file; `NetError` N001 … N006 for a file or characters that cannot be a net."""
    shown = str(path) if name is None else name
    return decode(read_bytes(path, shown), shown)


def decode(data: bytes, name: str) -> Source:
    """Bytes as a checked `Source`: UTF-8, an optional BOM, no hidden characters outside comments and strings."""
    if len(data) > MAX_BYTES:
        raise fail("N002", f"`{escape(name)}` has {len(data):,} bytes; the most is {MAX_BYTES:,}")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise fail("N003", f"`{escape(name)}` is UTF-16; write it as UTF-8", span=Span(Source(name, "\ufffd"), 0, 1))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        source = Source(name, data.decode("utf-8", "replace"))
        at = len(data[: error.start].decode("utf-8"))
        raise fail(
            "N003",
            f"byte {data[error.start]:#04x} at offset {error.start} is not UTF-8",
            span=Span(source, at, at + 1),
            help="save the file as UTF-8",
        ) from None
    source = Source(name, text.removeprefix("\ufeff"))
    check_characters(source)
    return source


def check_characters(source: Source) -> None:
    """Refuse characters that would be invisible or misread; other letters are fine in comments and strings."""
    text = source.text
    if (plain := _PLAIN.match(text)) and plain.end() == len(text) and "\r" not in text:
        return
    found: list[Diagnostic] = []
    covered = _covered(text)
    for at, char in enumerate(text):
        if " " <= char <= "~" or char in "\t\n" or (char == "\r" and text[at + 1 : at + 2] == "\n"):
            continue
        span = Span(source, at, at + 1)
        if char == "\r":
            found.append(Diagnostic("N004", "a lone carriage return; lines end with LF or CRLF", span))
        elif unicodedata.category(char) in _INVISIBLE or char == "\x7f":
            found.append(Diagnostic("N004", f"hidden character U+{ord(char):04X}", span, help="delete it"))
        elif not covered[at] and not source.name.endswith(".py"):
            message = f"`{escape(char)}` (U+{ord(char):04X}) is not ASCII; names and symbols are"
            found.append(Diagnostic("N005", message, span, help=_lookalike(char)))
        if len(found) == 20:
            break
    if found:
        raise NetError(found)


def _covered(text: str) -> bytearray:
    """For each character, whether a comment or a string holds it."""
    marks = bytearray(len(text))
    for part in re.finditer(r'"[^"\n]*"|#[^\n]*', text):
        marks[part.start() : part.end()] = b"\x01" * (part.end() - part.start())
    return marks


_LOOKALIKES = {"×": "x", "–": "-", "—": "-", "−": "-", "“": '"', "”": '"', "→": "->", "≤": "<=", "≥": ">=", "≠": "=="}


def _lookalike(char: str) -> str | None:
    plain = _LOOKALIKES.get(char) or unicodedata.normalize("NFKC", char)
    return f"write `{plain}`" if plain.isascii() and plain.isprintable() else None


def read_bytes(path: str | Path, name: str) -> bytes:
    """The bytes of a regular file of at most 4 MiB; `NetError` N001 or N002 otherwise, without waiting for a pipe."""
    shown = escape(name)
    try:
        found = os.stat(path)
        if stat.S_ISDIR(found.st_mode):
            kept = os.path.join(name, "net.net")
            advice = f"the net of this run is `{escape(kept)}`" if os.path.isfile(kept) else None
            raise fail("N001", f"`{shown}` is a folder, not a file", help=advice)
        if name.endswith(".plan"):
            takes = "`netdsl predict`, `netdsl eval` and `netdsl bench` take it"
            raise fail("N001", f"`{shown}` is a plan file, which holds a compiled net and no text", help=takes)
        if not stat.S_ISREG(found.st_mode):
            raise fail("N001", f"`{shown}` is not a regular file")
        if found.st_size > MAX_BYTES:
            raise fail("N002", f"`{shown}` has {found.st_size:,} bytes; the most is {MAX_BYTES:,}")
        # Not blocking: the file may have become a pipe since.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(handle, "rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, NetError):
            raise
        reason = error.strerror.lower() if isinstance(error, OSError) and error.strerror else "not a file name"
        raise fail("N001", f"cannot read `{shown}`: {reason}") from None
