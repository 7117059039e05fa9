"""Programs drawn at random: every statement of the language, whole and valid, and then in any layout.

All maps are 12 x 12, so that what is drawn fits together; depth and length are bounded.
"""

from __future__ import annotations

from itertools import pairwise
from random import Random

from netdsl.errors import Source
from netdsl.language.marks import mark
from netdsl.language.pieces import Piece, pieces_of
from netdsl.language.syntax import parse_tokens

COMMENTS = ["# a comment", "#tight", "#", "# é – ✓", '#  - | -> { ( [ " x = 1', "## twice"]
BLANKS = ["", " ", "   ", "\t"]
WORDS = frozenset(("NAME", "NUMBER", "STRING", "DIMS", "DIMS_HEAD", "DIMS_TAIL"))
CONTINUES = frozenset(("|", "->", "else"))


class Program:
    """One program, drawn from its number."""

    def __init__(self, seed: int) -> None:
        self.r = Random(seed)
        self.labels = 0
        self.blocks: list[tuple[str, bool]] = []

    def text(self) -> str:
        """The program in a plain layout."""
        r = self.r
        items = [f'import "blocks/resnet.net"{r.choice(["", " as r"])}'] * (r.random() < 0.2)
        items += [f"let k{n} = {self.number()}" for n in range(r.randint(0, 2))]
        items += [f"default conv(pad=same{r.choice(['', ', act=relu', ', bias=false'])})"]
        items += [self.block(n) for n in range(r.randint(0, 3))]
        items += [self.net(n) for n in range(r.choice([1, 1, 2]))]
        items += ["train N0 {\n" + "\n".join(self.settings()) + "\n}"] * (r.random() < 0.4)
        items += ["tune N0 { optimizer.lr: log(1e-4, 1e-1); width: choice(6, 12) }"] * (r.random() < 0.2)
        return "\n".join(items) + "\n"

    def settings(self) -> list[str]:
        lines = ["data fashion_mnist | pad(2) | standardize(pixel)", "epochs 3", "loss cross_entropy", "seed -1"]
        lines += ["optimizer sgd(lr=0.01, momentum=0.9)", 'freeze "a", "b"', "stop early(monitor=val_loss)"]
        return self.r.sample(lines, self.r.randint(1, len(lines)))

    def block(self, number: int) -> str:
        name, wants = f"b{number}", self.r.random() < 0.3
        lines = [*self.statements(1), *(["body"] if wants else []), "conv(w, 3)"]
        made = f"block {name}(w, act=relu, times={self.r.randint(1, 2)}) {self.braces(lines)}"
        self.blocks.append((name, wants))
        return made

    def net(self, number: int) -> str:
        head = self.r.choice(["", "()", "(classes=10)", "(classes=10, depths=[1, 2],)"])
        lines = ["input x: 12x12x8"] + ["let m = 2 * 3 + 1"] * self.r.randint(0, 1)
        lines += self.statements(0) + self.statements(0) + ["last: conv(4, 1x1) -> 12x12x4"]
        lines += ["head aux(weight=0.3) from last { flatten | dense(3) }"] * (self.r.random() < 0.3)
        lines += ['assert last.c == 4, "words"', "assert always params > 0 and not (macs < 0)"]
        return f"net N{number}{head} {self.braces(lines)}"

    def braces(self, lines: list[str]) -> str:
        if self.r.random() < 0.3 and not any("\n" in line for line in lines):
            return "{ " + "; ".join(lines) + " }"
        return "{\n" + "\n".join(lines) + "\n}"

    def statements(self, depth: int) -> list[str]:
        return [self.statement(depth) for _ in range(self.r.randint(1, 3))]

    def statement(self, depth: int) -> str:
        r, kind = self.r, self.r.randint(0, 9)
        if kind == 0 and depth < 3:
            return f"if {self.condition()} {self.braces(self.statements(depth + 1))}" + r.choice(
                ["", f" else {self.braces(['dropout(0.5)'])}", f" else if _.c > 2 {self.braces(['relu'])}"]
            )
        if kind == 1 and depth < 3:
            pattern, values = r.choice(
                [("i", "2"), ("i, n", "[3, 4]"), ("[p, q]", "[[1, 2], [3, 4],]"), ("n", "(5, 6,)"), ("n", "(5,)")]
            )
            return f"for {pattern} in {values} {self.braces(['relu', self.chain(depth + 1)])}"
        if kind == 2:
            return f"default {r.choice(['maxpool', 'avgpool'])}(pad=same)"
        if kind == 3:
            self.labels += 1
            name = f"v{self.labels}"
            return f"{name}: {self.chain(depth)}\nfrom {name} | relu\nconcat({name}, _, fit=pad)"
        if kind == 4:
            self.labels += 1
            return f"f{self.labels}[0]: conv(8, 1)\nf{self.labels}[1]: conv(8, 1)\nadd(f{self.labels})"
        if kind == 5:
            return f"conv({self.number()}, 3, 1)\nconv({self.number()}, 3, 1)"
        return self.chain(depth)

    def chain(self, depth: int) -> str:
        return " | ".join(self.element(depth) for _ in range(self.r.randint(1, 3)))

    def element(self, depth: int) -> str:
        r, kind = self.r, self.r.randint(0, 9)
        if kind == 0:
            return f"({self.chain(depth + 1)} if {self.condition()} else id)" if depth < 3 else "id"
        if kind == 1:
            return f"{self.call()} * {r.choice(['2', '(1 + 1)', 'len([1, 2])', 'abs(-2)'])}"
        if kind == 2 and depth < 2:
            branches = [f"- {self.chain(depth + 1)} | conv(8, 1)" for _ in range(r.randint(1, 2))]
            branches += ["- conv(8, 1x1) -> 12x12x8"] + ["- conv(8, 1) if _.c > 3"] * r.randint(0, 1)
            return f"{r.choice(['add', 'concat', 'mul', 'add(act=relu)'])} {self.braces(branches)}"
        if kind == 3 and self.blocks:
            name, wants = r.choice(self.blocks)
            call = f"{name}({self.number()}{r.choice(['', ', act=tanh', ', times = 2 if 1 < 2 else 1'])})"
            return f"{call} {self.braces([self.chain(depth + 2)])}" if wants else call
        return self.call()

    def call(self) -> str:
        r = self.r
        return r.choice(
            [
                f"conv({self.number()}, {r.choice(['1', '3x3', '(3, 3)', '{2+1}x3', '5x{1}', '(3)'])}"
                f"{r.choice(['', ', act=relu', ', bias = 1 < 2', ', dilation=2, groups=1'])})",
                *["relu", "relu()", "batchnorm", "batchnorm(eps=1e-3)", "dropout(0.5)", "id", "lrn(5, alpha=5e-4)"],
                *["leaky_relu(0.1)", "activation(leaky_relu(slope=0.2))", "conv(4, 3, init=normal(0.01))"],
                "maxpool(3x3, stride=1, pad=same)",
            ]
        )

    def number(self) -> str:
        return self.r.choice(
            [
                *["8", "16", "1_6", "2*4", "2 * (1 + 3)", "16 // 2", "2**3", "-(-8)", "8 if 1 < 2 else 4", "8 % 9"],
                *["max(4, 8)", "4*2*1", "20 - 4 * 3", "2 ** - -3", "16.0 / 2"],
            ]
        )

    def condition(self) -> str:
        return self.r.choice(
            [
                "_.c > 2",
                "_.h==12 and _.w != 3",
                "not 1 > 2",
                "not not true",
                "false",
                "(1 if true else 2) == 1",
                "1 < 2 <= 3",
            ]
        )


def scramble(text: str, r: Random) -> str:
    """The same program with other blanks, line ends and comments, wherever the language allows them."""
    parsed, tokens = parse_tokens(Source("program", text))
    pieces = pieces_of(text, tokens)
    bodies = mark(parsed, pieces).bodies
    ends = {int(a.end_pos or 0) for a, b in pairwise(tokens) if b.type == "_NL"}
    lively = r.random() * 0.3
    made, brackets, before = "", [], None
    for piece in pieces[:-1]:
        if before is not None:
            inside = bool(brackets) and brackets[-1] != "{"
            if before.end in ends:
                made += _between(r, lively)
            else:
                made += _gap(r, before, piece, inside=inside, bodies=bodies, lively=lively)
        made += piece.text
        if piece.text in ("(", "[", "{"):
            brackets.append(piece.text)
        elif piece.text in (")", "]", "}"):
            brackets.pop()
        before = piece
    return made + r.choice(["", "\n", "\n\n", " # end"])


def _line_end(r: Random, lively: float) -> str:
    comment = r.choice(BLANKS) + r.choice(COMMENTS) if r.random() < lively else ""
    return comment + r.choice(["\n", "\n", "\r\n", "\n\n\n"]) + r.choice(BLANKS)


def _between(r: Random, lively: float) -> str:
    return r.choice(
        [";", " ; ", _line_end(r, lively), _line_end(r, lively), _line_end(r, lively) + _line_end(r, lively)]
    )


def _gap(r: Random, before: Piece, piece: Piece, *, inside: bool, bodies: set[int], lively: float) -> str:
    one, two = before.text, piece.text
    size = piece.kind in ("DIMS_LINK", "DIMS_TAIL") or before.kind in ("DIMS_HEAD", "DIMS_LINK")
    if size:
        return ""
    if (one == "{" and before.start in bodies) or (two == "}" and piece.start in bodies):
        return r.choice([" ", "", _between(r, lively)])
    if r.random() < lively and (inside or two in CONTINUES or one == "|"):
        return _line_end(r, lively)
    needed = (one[-1:].isalnum() or one[-1:] in '_"}') and (two[:1].isalnum() or two[:1] in '_"{')
    return r.choice(BLANKS[1:] if needed else BLANKS)
