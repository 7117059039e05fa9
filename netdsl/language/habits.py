"""What newcomers write by habit: from where the parser stopped to a diagnostic, or None.

Every habit has a code of its own and samples in `grammar/mistakes/`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from netdsl.errors import Diagnostic, Fix, Source, Span
from netdsl.language.build_terms import RESERVED


@dataclass(frozen=True)
class Stop:
    """Where parsing stopped: the statement's start, the offset, and the token or character there."""

    source: Source
    text: str
    start: int
    at: int
    found: str
    expected: frozenset[str]

    @property
    def before(self) -> str:
        """The statement up to the stop."""
        return self.text[self.start : self.at]

    @property
    def line_end(self) -> int:
        end = self.text.find("\n", self.at)
        return len(self.text) if end < 0 else end

    @property
    def after(self) -> str:
        """The rest of the line from the stop, without its comment."""
        return self.text[self.at : self.line_end].partition("#")[0].rstrip()

    def span(self, start: int, end: int) -> Span:
        return Span(self.source, start, end)

    def here(self) -> Span:
        return self.span(self.at, self.at + max(1, len(self.found)))


def _assignment(stop: Stop) -> Diagnostic | None:
    name = re.fullmatch(r"\s*([A-Za-z_]\w*(?:\[[^\]\n]*\])*)\s*", stop.before)
    if stop.found != "=" or name is None:
        return None
    label = stop.start + name.end(1)
    edits = [(stop.span(label, stop.at + 1), ":")]
    again = re.fullmatch(r"=\s*(?P<call>.*\))(?P<value>\s*\(\s*(?P<name>[A-Za-z_]\w*)\s*\))", stop.after)
    if again:
        edits.append(
            (stop.span(stop.at + again.start("call"), stop.at + again.start("call")), f"from {again['name']} | ")
        )
        edits.append((stop.span(stop.at + again.start("value"), stop.at + again.end("value")), ""))
    fix = Fix(f"`{name[1]}: …` names it", tuple(edits))
    return Diagnostic("N103", "a result is named with `:`, not `=`", stop.here(), fixes=(fix,))


def _called_again(stop: Stop) -> Diagnostic | None:
    if not stop.found.startswith("(") or not stop.before.rstrip().endswith(")"):
        return None
    value = re.match(r"\(\s*([A-Za-z_]\w*)\s*\)", stop.after)
    call = re.fullmatch(r"(\s*(?:-\s*)?(?:[A-Za-z_]\w*\s*:\s*)?)[A-Za-z_]\w*\s*\(.*\)\s*", stop.before, re.DOTALL)
    fixes: tuple[Fix, ...] = ()
    if value and call and "|" not in stop.before:
        begin = stop.start + call.end(1)
        edits = ((stop.span(begin, begin), f"from {value[1]} | "), (stop.span(stop.at, stop.at + value.end()), ""))
        fixes = (Fix(f"`from {value[1]} | …` feeds it", edits),)
    return Diagnostic(
        "N104",
        "a layer is not called with its input: it takes the current value",
        stop.here(),
        fixes=fixes,
        help="`from x | conv(…)` starts at another value",
    )


def _single_quotes(stop: Stop) -> Diagnostic | None:
    if stop.found != "'":
        return None
    closed = re.match(r"'([^'\"\n]*)'", stop.after)
    if closed is None:
        return Diagnostic("N105", 'strings stand in double quotes: `"…"`', stop.here())
    span = stop.span(stop.at, stop.at + closed.end())
    return Diagnostic(
        "N105",
        'strings stand in double quotes: `"…"`',
        span,
        fixes=(Fix(f'`"{closed[1]}"`', ((span, f'"{closed[1]}"'),)),),
    )


def _spaced_size(stop: Stop) -> Diagnostic | None:
    begin = stop.text.rfind("\n", 0, stop.at) + 1
    for size in re.finditer(r"(?<![\w.])\d+(?:[ \t]*[x×*][ \t]*\d+)+(?!\w)", stop.text[begin : stop.line_end]):
        written = size.group()
        span = stop.span(begin + size.start(), begin + size.end())
        if span.start <= stop.at <= span.end and re.search(r"[ \t]", written) and "*" not in written:
            joined = re.sub(r"\s", "", written)
            return Diagnostic(
                "N110", "a size is one word, without blanks", span, fixes=(Fix(f"`{joined}`", ((span, joined),)),)
            )
    return None


def _bare_fraction(stop: Stop) -> Diagnostic | None:
    number = re.match(r"\.(\d+(?:[eE][+-]?\d+)?)", stop.after)
    if number is None:
        return None
    span = stop.span(stop.at, stop.at + number.end())
    fix = Fix(f"`0{number.group()}`", ((stop.span(stop.at, stop.at), "0"),))
    return Diagnostic("N111", "a number begins with a digit", span, fixes=(fix,))


def _colon_body(stop: Stop) -> Diagnostic | None:
    word = re.match(r"\s*(if|for|else|block|net|head)\b", stop.before)
    if stop.found != ":" or word is None or (stop.before.strip() in RESERVED and word[1] != "else"):
        return None
    return Diagnostic(
        "N112",
        f"the body of `{word[1]}` stands in braces, not behind a colon",
        stop.here(),
        fixes=_braced(stop),
        help=f"`{word[1]} … {{ … }}`",
    )


def _braced(stop: Stop) -> tuple[Fix, ...]:
    """Edits that put the lines indented below a colon into braces."""
    begin = stop.text.rfind("\n", 0, stop.at) + 1
    indent = len(stop.text[begin : stop.at]) - len(stop.text[begin : stop.at].lstrip())
    if stop.after[1:].strip():
        line_end = stop.at + len(stop.after)
        edits = ((stop.span(stop.at, stop.at + 1), " {"), (stop.span(line_end, line_end), " }"))
        return (Fix("braces round the body", edits),)
    end = at = stop.line_end
    while at < len(stop.text):
        following = stop.text.find("\n", at + 1)
        following = len(stop.text) if following < 0 else following
        line = stop.text[at + 1 : following]
        if line.strip() and len(line) - len(line.lstrip()) <= indent:
            break
        if line.strip():
            end = following
        at = following
    if end == stop.line_end:
        return ()
    edits = ((stop.span(stop.at, stop.at + 1), " {"), (stop.span(end, end), "\n" + " " * indent + "}"))
    return (Fix("braces round the body", edits),)


def _brace_on_next_line(stop: Stop) -> Diagnostic | None:
    brace = re.compile(r"\s*\{").match(stop.text, stop.at)
    if brace is None:
        return None
    last = len(stop.text[: brace.end() - 1].rstrip())
    if "\n" not in stop.text[last : brace.end()] or stop.text[last - 1 : last] in ("", "{", "}", ";"):
        return None
    span = stop.span(brace.end() - 1, brace.end())
    fix = Fix("`{` at the end of the line before", ((stop.span(last, brace.end()), " {"),))
    return Diagnostic("N114", "`{` stays on the line that it belongs to", span, fixes=(fix,))


def _reserved(stop: Stop) -> Diagnostic | None:
    label = stop.before.strip().removeprefix("-").strip()
    if stop.found == ":" and label in RESERVED:
        begin = stop.start + stop.before.index(label)
        span = stop.span(begin, begin + len(label))
        word = label
    elif (
        stop.found in RESERVED
        and "NAME" in stop.expected
        and re.search(r"(?:^|[,(])\s*$|\b(?:let|input|head|for|block|net|param)\s+$", stop.before)
    ):
        span, word = stop.here(), stop.found
    else:
        return None
    fix = Fix(f"`{word}_`", ((span, f"{word}_"),))
    return Diagnostic("N113", f"`{word}` is a reserved word and cannot be a name", span, fixes=(fix,))


_WHOLE_NUMBER = re.compile(r"\d+(_\d+)*(\.\d+)?([eE][+-]?\d+)?|\d+(x\d+)+")


def _number(stop: Stop) -> Diagnostic | None:
    word = re.match(r"\d[\w.]*", stop.after)
    if word is None or len(stop.found) > 1 or _WHOLE_NUMBER.fullmatch(word.group()):
        return None
    span = stop.span(stop.at, stop.at + word.end())
    return Diagnostic(
        "N115", f"`{word.group()[:40]}` is neither a number nor a size", span, help="such as 64, 61_706, 0.5, 1e-4, 3x3"
    )


def _operator(stop: Stop) -> Diagnostic | None:
    begin = stop.at - 1 if stop.text[stop.at - 1 : stop.at + 1] == "||" else stop.at
    for symbol, word in (("&&", "and"), ("||", "or"), ("!", "not ")):
        if stop.text.startswith(symbol, begin):
            span = stop.span(begin, begin + len(symbol))
            fix = Fix(f"`{word.strip()}`", ((span, word),))
            return Diagnostic("N117", f"`{symbol}` is written `{word.strip()}`", span, fixes=(fix,))
    return None


def _bare_count(stop: Stop) -> Diagnostic | None:
    count = re.search(r"\*\s*(\w+)\s*$", stop.before)
    if count is None or stop.found not in ("+", "-", "*", "/", "//", "%"):
        return None
    rest = re.match(r"[-+*/%]+\s*\w+", stop.after)
    if rest is None:
        return Diagnostic("N101", f"`{stop.found}` cannot stand here", stop.here())
    begin = stop.start + count.start(1)
    edits = ((stop.span(begin, begin), "("), (stop.span(stop.at + rest.end(), stop.at + rest.end()), ")"))
    message = "the count of a repeat is one number or name, or stands in brackets"
    return Diagnostic("N101", message, stop.here(), fixes=(Fix(f"`* ({count[1]} {rest.group()})`", edits),))


def _bare_choice(stop: Stop) -> Diagnostic | None:
    label = re.match(r"\s*(?:[A-Za-z_]\w*(?:\[[^\]\n]*\])*\s*:(?!=)\s*)?", stop.before)
    choice = re.match(r"if\b[^;{}]*?(?=\s*(?:->|;|$))", stop.after)
    if stop.found != "if" or label is None or choice is None or not stop.before[label.end() :].strip():
        return None
    begin, end = stop.start + label.end(), stop.at + choice.end()
    edits = ((stop.span(begin, begin), "("), (stop.span(end, end), ")"))
    fix = Fix("brackets round it", edits)
    return Diagnostic(
        "N101", "a choice inside a chain stands in brackets: `(a if cond else b)`", stop.here(), fixes=(fix,)
    )


HABITS: tuple[Callable[[Stop], Diagnostic | None], ...] = (
    _reserved,
    _assignment,
    _called_again,
    _single_quotes,
    _spaced_size,
    _bare_fraction,
    _colon_body,
    _brace_on_next_line,
    _number,
    _operator,
    _bare_count,
    _bare_choice,
)
