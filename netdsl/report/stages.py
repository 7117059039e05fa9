"""What each pass makes of a program, as text: the first program whole, then what each pass takes away and puts in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from netdsl.compiler.stages import STAGES, laid_out, stages
from netdsl.errors import escape, fail
from netdsl.language.suggest import nearest_name

if TYPE_CHECKING:
    from netdsl.graph.net import Net
    from netdsl.ops.op import Ops

Stages = list[tuple[str, list[str]]]
"""The lines of the program after each stage, by its name."""


def check_stage(name: str) -> str:
    """The name of a stage as given; `NetError` N720 with the nearest and all names where there is none."""
    if name in STAGES:
        return name
    likely = next((known for known in STAGES if name in known.split("_")), None) or nearest_name(name, STAGES)
    hint = f"did you mean `{likely}`? " if likely else ""
    raise fail("N720", f"there is no pass `{escape(name[:80])}`", help=f"{hint}the passes are {', '.join(STAGES)}")


def lines_until(net: Net, until: str, *, batch: int = 1, **how: Any) -> Stages:
    """The stages of a net up to `until`, for runs of up to `batch` images; `plan` itself is no program. `how`:
    arguments of `stages`.
    """
    found: Stages = []
    for name, program in _all(net, batch, **how):
        found.append((name, [program.line(op) for op in program.ops]))
        if name == until:
            break
    return found


def _all(net: Net, batch: int, **how: Any) -> Iterator[tuple[str, Ops]]:
    program = None
    for name, program in stages(net, **how):
        yield name, program
    assert program is not None
    yield "layout", laid_out(program, batch)


def changes(found: Stages) -> Iterator[str]:
    """Lines of a report: `-` stood before a pass, `+` stands after it; then the last program whole."""
    (first, lines), *rest = found
    yield f"{first}: {count(lines)}"
    yield from (f"  {line}" for line in lines)
    for name, after in rest:
        yield ""
        if after == lines:
            yield f"{name}: nothing to do"
            continue
        yield f"{name}: {len(lines)} → {count(after)}"
        yield from _difference(lines, after)
        lines = after
    if rest:
        yield f"\nafter {rest[-1][0]}:"
        yield from (f"  {line}" for line in lines)


def _difference(before: list[str], after: list[str]) -> Iterator[str]:
    for what, a0, a1, b0, b1 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what != "equal":
            yield from (f"- {line}" for line in before[a0:a1])
            yield from (f"+ {line}" for line in after[b0:b1])


def count(lines: Iterable[str]) -> str:
    """`1 operation`, `6 operations`."""
    number = len(list(lines))
    return f"{number:,} operation{'s' * (number != 1)}"
