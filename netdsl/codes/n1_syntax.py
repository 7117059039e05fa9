"""Codes N1xx: syntax."""

from netdsl.codes.page import Page

PAGES: tuple[Page, ...] = (
    Page(
        "N101",
        "a statement that cannot be read",
        "What stands at the caret cannot stand there. The message says what could. One statement stands on a "
        "line; a line that begins with `|`, `->` or `else` continues the one before, and newlines do not "
        "count inside `()` and `[]`.",
    ),
    Page(
        "N103",
        "`=` where a result gets its name",
        "`x = conv(16, 3x3)` is written `x: conv(16, 3x3)`. `=` stands in arguments and in `let k = 3`, which "
        "names a number, not a layer.",
    ),
    Page(
        "N104",
        "a layer called with its input",
        "`conv(16, 3x3)(x)` is written `from x | conv(16, 3x3)`. Each statement takes the current value, "
        "which the statement before left, so that most of the time nothing needs to be said.",
    ),
    Page(
        "N105",
        "single quotes",
        'Strings stand in double quotes: `"…"`. Words such as `same` and `relu` need none.',
    ),
    Page(
        "N106",
        "a bracket without its partner",
        "A bracket is opened and never closed, or closed and never opened. The caret shows the one that has "
        "no partner.",
    ),
    Page(
        "N107",
        "a string that does not end",
        "A string ends on the line on which it begins, and has no escapes.",
    ),
    Page(
        "N108",
        "nesting that is too deep",
        "Brackets nest at most 64 deep in the text, and blocks at most 64 deep in their calls. Repeat with "
        "`for` or `*` instead.",
    ),
    Page(
        "N109",
        "`;` inside brackets",
        "`;` ends a statement, so that inside `()` and `[]` it is a mistake: arguments are separated by commas.",
    ),
    Page(
        "N110",
        "a size with blanks",
        "A size is one word without blanks, so that it reads as one number: `3x3`, `224x224x3`, `{n}x{n}x1`.",
    ),
    Page(
        "N111",
        "a number that begins with a point",
        "Write `0.5`, not `.5`: a point that begins a word asks for a member, as in `_.c`.",
    ),
    Page(
        "N112",
        "a colon where a body begins",
        "Bodies stand in braces: `if c { … }`, `for i in 3 { … }`. Indentation has no meaning.",
    ),
    Page(
        "N113",
        "a reserved word as a name",
        "These words have a meaning of their own and cannot be names: `block net import train tune input "
        "output head from default let assert always for in if else and or not true false body id none _`.",
    ),
    Page(
        "N114",
        "an opening brace on a line of its own",
        "A newline ends a statement, so `{` stays on the line of the `net`, `block`, `if`, `for` or call that "
        "it belongs to.",
    ),
    Page(
        "N115",
        "neither a number nor a size",
        "Numbers are `64`, `61_706`, `0.5` and `1e-4`; sizes are `3x3`. Not `1_`, not `0x3F`, not `64k`.",
    ),
    Page(
        "N116",
        "a name that is too long",
        "A name has at most 200 characters, so that paths and messages stay readable. Shorten it.",
    ),
    Page(
        "N117",
        "another language's operator",
        "`and`, `or` and `not` are words here, as in Python; `&&`, `||` and `!` mean nothing.",
    ),
)
