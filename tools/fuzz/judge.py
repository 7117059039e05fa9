"""What one program does: success, a diagnosed error, or a failure of netdsl."""

from __future__ import annotations

import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import process_time

from netdsl import codes
from netdsl.errors import MAX_DIAGNOSTICS, Diagnostic, NetError, escape, render
from netdsl.language.check import Request, check
from netdsl.language.library import Library
from netdsl.language.syntax import parse_file
from netdsl.language.text import decode
from netdsl.report.summary import as_json, summarise

NAME = "fuzz.net"
SECONDS = 5.0  # of processor time, so that a busy or paused machine changes nothing
LONGEST = 30.0  # for a net that is built whole: 100,000 nodes, the most there may be, at 3 s for 10,000
LONGEST_LINE = 1024


@dataclass(frozen=True)
class Outcome:
    """`kind` is `success`, `diagnosed` (parsed, then refused), `text` (not parsed) or `failed`; `words` say how."""

    kind: str
    words: str = ""
    codes: tuple[str, ...] = ()
    trace: str = ""


class Slow(BaseException):
    """A program took too long; no `except Exception` holds it."""


class Undiagnosed(AssertionError):
    """An error that does not say what a user needs."""


Check = Callable[[bytes], tuple[bool, Sequence[Diagnostic]]]


def check_program(data: bytes) -> tuple[bool, Sequence[Diagnostic]]:
    """Whether the bytes could be parsed, and the diagnostics of `netdsl check`; nets found are summed up too."""
    try:
        source = decode(data, NAME)
        nets, found = check(Request(Library(None, {NAME: source.text}), NAME, NAME, None, {}))
    except NetError as error:
        return False, error.diagnostics
    for net in nets:
        as_json(summarise(net))
    return _is_parsed(found) or not parse_file(source)[1], found


def _is_parsed(found: Sequence[Diagnostic]) -> bool:
    """Whether no diagnostic can come from the text alone; only a number too large is N306 there and later."""
    return not any(d.code[:2] in ("N0", "N1") or d.code == "N306" for d in found)


def _is_built(found: Sequence[Diagnostic]) -> bool:
    """Whether the net was built whole: nothing is wrong, or only what its author asserts of it."""
    return all(d.severity != "error" or d.code.startswith("N4") for d in found)


def judge(data: bytes, check: Check = check_program) -> Outcome:
    """The outcome of one program."""
    try:
        with limited(LONGEST):
            start = process_time()
            parsed, found = check(data)
            _examine(found)
            if process_time() - start > SECONDS and not _is_built(found):
                raise Slow
    except Slow:
        return Outcome("failed", f"slow: over {SECONDS:g} s")
    except RecursionError:
        return Outcome("failed", "RecursionError")
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        words = str(error) if isinstance(error, Undiagnosed) else f"{last.filename.rpartition('/')[2]}:{last.name}"
        return Outcome("failed", f"{type(error).__name__}: {words}", trace=traceback.format_exc())
    if not any(d.severity == "error" for d in found):
        return Outcome("success")
    return Outcome("diagnosed" if parsed else "text", codes=tuple(d.code for d in found))


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise `Slow` after so much processor time."""

    def stop(number: int, frame: object) -> None:
        raise Slow

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _examine(found: Sequence[Diagnostic]) -> None:
    """Raise `Undiagnosed` unless each diagnostic has a page, a place, and a drawing with a caret below its line."""
    shown = render(found)
    for line in shown.split("\n"):
        if len(line) > LONGEST_LINE:
            raise Undiagnosed(f"a line of more than {LONGEST_LINE} characters")
        if line != escape(line):
            raise Undiagnosed("a control character is printed")
    for diagnostic in found[:MAX_DIAGNOSTICS]:
        if codes.find(diagnostic.code) is None:
            raise Undiagnosed(f"{diagnostic.code} has no page")
        if diagnostic.span is None:
            raise Undiagnosed(f"{diagnostic.code} has no place")
        if not 0 <= diagnostic.span.start <= diagnostic.span.end <= len(diagnostic.span.source.text):
            raise Undiagnosed(f"{diagnostic.code} lies outside the text")
        if f"--> {diagnostic.span}" not in shown:
            raise Undiagnosed(f"{diagnostic.code} does not show its place")
    if shown.count("^") < min(len(found), MAX_DIAGNOSTICS):
        raise Undiagnosed("a caret is missing")
