"""Random programs in random layouts: formatting twice is formatting once, and the nets before and after are equal.

Usage: python tools/fuzz_format.py [PROGRAMS [FIRST]], by default 10,000 from number 0. Exit status 1 where one fails.
"""

from __future__ import annotations

import sys
from random import Random

from netdsl.errors import NetError, Source, render
from netdsl.graph.net import Net
from netdsl.language.check import Request, check
from netdsl.language.explicit import explicit_text
from netdsl.language.format import format_source
from netdsl.language.library import Library
from random_programs import Program, scramble

EXPLICIT = 10  # every tenth program is also written out with its defaults


def request(text: str) -> Request:
    """What to check: a text alone, with what ships."""
    return Request(Library(None, {"program": text}), "program", "program", None, {})


def described(text: str) -> object:
    """What the nets of a text are, or the codes of its mistakes."""
    nets, found = check(request(text))
    return [_net(net) for net in nets] or [d.code for d in found if d.severity == "error"]


def _net(net: Net) -> object:
    nodes = [(node.path, node.layer, node.inputs, node.shape) for node in net]
    settings = [(s.name, s.key, repr(s.steps)) for s in net.settings]
    return net.name, nodes, dict(net.outputs), net.heads, net.scopes, dict(net.labels), settings


def fault(seed: int) -> tuple[str | None, bool]:
    """What is wrong with one program (None: nothing), and whether it has a net."""
    text = scramble(Program(seed).text(), Random(seed))
    once = format_source(Source("program", text))
    if format_source(Source("program", once)) != once:
        return "formatting twice is not formatting once", True
    before = described(text)
    has_net = bool(before) and not isinstance(before[0], str)  # type: ignore[index]
    if before != described(once):
        return "the nets differ", has_net
    if has_net and seed % EXPLICIT == 0:
        written = format_source(Source("program", explicit_text(request(text))))
        again = format_source(Source("program", explicit_text(request(written))))
        if again != written:
            return "writing the defaults twice is not writing them once", has_net
    return None, has_net


def main(arguments: list[str]) -> int:
    """Run the programs; the exit status."""
    count, first = (int(a) for a in (*arguments, *("10000", "0")[len(arguments) :]))
    wrong = nets = 0
    for seed in range(first, first + count):
        try:
            message, has_net = fault(seed)
        except NetError as error:
            message, has_net = f"refused:\n{render(error.diagnostics)}", False
        nets += has_net
        if message:
            wrong += 1
            print(f"program {seed}: {message}")
    print(f"{count:,} programs, {nets:,} with nets: {wrong:,} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
