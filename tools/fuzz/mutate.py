"""Mutated programs: texts that ship or that the tests hold, changed at random, some mildly, some without mercy."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[2]
TOKEN = re.compile(r'"[^"\n]*"|#[^\n]*|[A-Za-z_]\w*|\d[\w.]*|->|\*\*|//|[<>=!]=|\n|[^\s\w]|\S')
NUMBER = re.compile(r"(?<![\w.])\d+(?![\w.])")
WORD = re.compile(r"(?<!\w)[A-Za-z_]\w*")
# What counts, sizes and shares are not, where 64 and 32 bits end, and where Python's own limits lie.
LIMITS = (
    *("0", "1", "-1", "2", "0.5", "1.0", "4.5", "1e-400", "1e308", "1e309", "1e5", "true", "none", "any", '"3"', "3x3"),
    *("63", "64", "65", "65536", "99999", "100000", "1000001", "1048576", "1048577"),
    *("2147483647", "2147483648", "4294967296", "9223372036854775807", "9223372036854775808", "9" * 25, "9" * 5000),
    *("[]", "[1, 2]", "(1, 2)", "(1, 0, 2, 1)", "{2}", "{2}x{3}", "0x3", "1_000", "1_", ".5", "_", "_.h", "_.c"),
)
CHARACTERS = (
    *("\0", "\x07", "\x1a", "\x1b[31m", "\x7f", "\r", "\u2028", "\x85", "\ufeff", "\u200b", "\u202e", "\u0430"),
    *("×", "–", "“", "→", "§", "Ä", "\uff41", "\U0001f600", "e\u0301", "\t", "\v", "'", "\\", "`", "$", "@", "\ud800"),
)
PIECES = (
    *(
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "|",
        "->",
        "-",
        "+",
        "*",
        "**",
        "/",
        "//",
        "%",
        "=",
        "==",
        "<=",
        ",",
        ":",
        ";",
        ".",
    ),
    *(
        "\n",
        '"',
        "#",
        "if",
        "else",
        "for",
        "in",
        "from",
        "body",
        "id",
        "let",
        "net",
        "block",
        "head",
        "output",
        "input",
    ),
    *("default", "assert", "always", "import", "train", "tune", "not", "and", "or", "true", "_", "relu", "add"),
)
WORDS = (
    *("conv", "conv_transpose", "maxpool", "avgpool", "sumpool", "minpool", "dense", "flatten", "reshape", "batchnorm"),
    *("relu", "softmax", "dropout", "lrn", "add", "mul", "max", "mean", "sub", "concat", "slice", "pad", "crop", "id"),
    *(
        "same",
        "valid",
        "causal",
        "tanh",
        "stride",
        "kernel",
        "dilation",
        "groups",
        "act",
        "bias",
        "ceil",
        "init",
        "fit",
    ),
    *("params", "macs", "rf", "shape", "h", "w", "c", "image", "classes", "weight", "min", "len", "global_avgpool"),
)
WRAPS = (
    "({} if _.c > 3 else id)",
    "({}) * 3",
    "x: {}",
    "x[1]: {}",
    "add {{ - {} ; - id }}",
    "concat {{ - {} ; - conv(4, 1x1) }}",
    "for i in 3 {{ {} }}",
    "for i, n in [1, 2] {{ a[i]: {} }}",
    "if _.h > 8 {{ {} }} else {{ relu }}",
    "head h(weight=0.3) {{ {} }}",
    "{} -> 4x4x4",
    "default conv(pad=same); {}",
    "let k = 3; {}",
    "{}; assert params > 0",
)

Mutation = Callable[[str, Random, Sequence[str]], str]


@dataclass(frozen=True)
class Corpus:
    """What is mutated: nets that ship, and the broken files of the tests with the samples of habits."""

    shipped: tuple[str, ...]
    broken: tuple[str, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        return self.shipped + self.broken


def corpus() -> Corpus:
    """All of it, in the order of the files' names."""
    shipped, mistakes = files("netdsl.architectures"), files("netdsl.grammar").joinpath("mistakes")
    errors = sorted((ROOT / "tests" / "errors").glob("*.net"))
    return Corpus(
        (*_texts(shipped), *_texts(shipped.joinpath("blocks"))),
        (*_texts(mistakes), *(path.read_bytes().decode("utf-8", "replace") for path in errors)),
    )


def _texts(folder: Traversable) -> list[str]:
    found = sorted((file.name, file) for file in folder.iterdir() if file.name.endswith(".net"))
    return [file.read_text("utf-8") for _, file in found]


def program(number: int, seed: int, among: Corpus) -> bytes:
    """The mutated program of this number; the same for the same seed."""
    rng, texts = Random(f"{seed}/{number}"), among.texts
    text = rng.choice(among.shipped if rng.random() < 0.6 else among.broken)
    kinds = MILD if rng.random() < 0.6 else (*MILD, *HARSH)
    for _ in range(1 + int(rng.expovariate(0.8))):
        text = rng.choice(kinds)(text, rng, texts)
    data = text.encode("utf-8", "surrogatepass")
    return _noise(data, rng) if rng.random() < 0.06 else data


# ---- mild: most of these leave a program that can be parsed


def _at(pattern: re.Pattern[str], text: str, rng: Random, new: Callable[[str], str]) -> str:
    """The text with one match replaced."""
    matches = list(pattern.finditer(text))
    if not matches:
        return text
    chosen = rng.choice(matches)
    return text[: chosen.start()] + new(chosen.group()) + text[chosen.end() :]


def _change_number(text: str, rng: Random, texts: Sequence[str]) -> str:
    return _at(NUMBER, text, rng, lambda _: str(rng.randrange(12)))


def _set_limit(text: str, rng: Random, texts: Sequence[str]) -> str:
    return _at(NUMBER, text, rng, lambda _: rng.choice(LIMITS))


def _change_word(text: str, rng: Random, texts: Sequence[str]) -> str:
    return _at(WORD, text, rng, lambda _: rng.choice(WORDS))


def _change_letter(text: str, rng: Random, texts: Sequence[str]) -> str:
    """A name misspelt."""

    def misspell(word: str) -> str:
        at = rng.randrange(len(word))
        return word[:at] + rng.choice("aeinorst_x7") + word[at + rng.randrange(2) :]

    return _at(WORD, text, rng, misspell)


def _lines(text: str, rng: Random, edit: Callable[[list[str], int], None]) -> str:
    lines = text.split("\n")
    edit(lines, rng.randrange(len(lines)))
    return "\n".join(lines)


def _delete_line(text: str, rng: Random, texts: Sequence[str]) -> str:
    return _lines(text, rng, lambda lines, at: lines.__delitem__(at))


def _duplicate_line(text: str, rng: Random, texts: Sequence[str]) -> str:
    return _lines(text, rng, lambda lines, at: lines.insert(at, lines[at]))


def _swap_lines(text: str, rng: Random, texts: Sequence[str]) -> str:
    def swap(lines: list[str], at: int) -> None:
        other = rng.randrange(len(lines))
        lines[at], lines[other] = lines[other], lines[at]

    return _lines(text, rng, swap)


def _splice_lines(text: str, rng: Random, texts: Sequence[str]) -> str:
    """A few lines of another program in between."""
    other = rng.choice(texts).split("\n")
    begin = rng.randrange(len(other))
    taken = other[begin : begin + rng.randint(1, 4)]
    return _lines(text, rng, lambda lines, at: lines.__setitem__(slice(at, at), taken))


def _wrap_line(text: str, rng: Random, texts: Sequence[str]) -> str:
    """A statement inside a loop, a choice, a merge."""

    def wrap(lines: list[str], at: int) -> None:
        code = lines[at].partition("#")[0].strip()
        if code and not code.endswith("{") and code != "}":
            lines[at] = rng.choice(WRAPS).format(code)

    return _lines(text, rng, wrap)


def _add_comment(text: str, rng: Random, texts: Sequence[str]) -> str:
    """A comment of any characters, which may say anything that is visible."""

    def add(lines: list[str], at: int) -> None:
        lines[at] += " # " + "".join(rng.choice(CHARACTERS[12:-1]) for _ in range(3))

    return _lines(text, rng, add)


def _end_lines(text: str, rng: Random, texts: Sequence[str]) -> str:
    """Another end of lines, a mark at the beginning, blanks before the ends."""
    return rng.choice(
        (text.replace("\n", "\r\n"), "\ufeff" + text, text.replace("\n", " \t\n"), text.rstrip("\n"), text + "\n\n")
    )


# ---- harsh: most of these break the text


def _tokens(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in TOKEN.finditer(text)]


def _delete_token(text: str, rng: Random, texts: Sequence[str]) -> str:
    return _at(TOKEN, text, rng, lambda _: "")


def _duplicate_token(text: str, rng: Random, texts: Sequence[str]) -> str:
    return _at(TOKEN, text, rng, lambda token: f"{token} {token}")


def _swap_tokens(text: str, rng: Random, texts: Sequence[str]) -> str:
    spans = _tokens(text)
    if len(spans) < 2:
        return text
    at = rng.randrange(len(spans) - 1)
    (a, b), (c, d) = spans[at], spans[at + 1]
    return text[:a] + text[c:d] + text[b:c] + text[a:b] + text[d:]


def _insert_token(text: str, rng: Random, texts: Sequence[str]) -> str:
    return _at(TOKEN, text, rng, lambda token: f"{token} {rng.choice(PIECES)} ")


def _insert_character(text: str, rng: Random, texts: Sequence[str]) -> str:
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice(CHARACTERS) + text[at:]


def _truncate(text: str, rng: Random, texts: Sequence[str]) -> str:
    return text[: rng.randrange(len(text) + 1)]


def _splice_text(text: str, rng: Random, texts: Sequence[str]) -> str:
    """A stretch of another program in the middle of a word."""
    other, at = rng.choice(texts), rng.randrange(len(text) + 1)
    begin = rng.randrange(len(other) + 1)
    return text[:at] + other[begin : begin + rng.randrange(80)] + text[at + rng.randrange(20) :]


def _repeat_token(text: str, rng: Random, texts: Sequence[str]) -> str:
    """One token very often: nesting, long sums, long names."""
    times = rng.choice((3, 70, 2000))
    return _at(TOKEN, text, rng, lambda token: (token if len(token) < 40 else token[:8]) * times)


def _noise(data: bytes, rng: Random) -> bytes:
    """A few bytes changed, lost or added."""
    noisy = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(noisy) + 1)
        noisy[at : at + rng.randrange(2)] = rng.randbytes(rng.randrange(2))
    return bytes(noisy)


MILD: tuple[Mutation, ...] = (
    _change_number,
    _change_number,
    _set_limit,
    _change_word,
    _change_letter,
    _delete_line,
    _duplicate_line,
    _swap_lines,
    _splice_lines,
    _wrap_line,
    _add_comment,
    _end_lines,
)
HARSH: tuple[Mutation, ...] = (
    _delete_token,
    _duplicate_token,
    _swap_tokens,
    _insert_token,
    _insert_character,
    _truncate,
    _splice_text,
    _repeat_token,
)
