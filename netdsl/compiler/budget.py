"""Which values a training program computes again, so that its plan fits a given memory.

Variants of the program are compared by an estimate of the most that is alive at once, from the one that computes least
again to the one that computes most:

1. all is kept;
2. what maps, pools and copies make of kept values is dropped, the largest first;
3. the forward phase is cut into segments; what crosses a cut is kept, and a segment is run again when the backward
   phase reaches it (Chen et al. 2016). Cuts lie where little crosses them.

The first variant that fits is planned; where its plan does not fit after all, the search goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from math import prod

from netdsl.compiler.passes.early import update_early
from netdsl.compiler.passes.recompute import FORWARD, recompute
from netdsl.errors import fail
from netdsl.ops.op import Op, Ops

CHEAP = frozenset({"map", "pool_max", "pool_sum", "slice", "pad", "concat", "permute", "reshape", "random", "resample"})
SMALL = 256
FRACTIONS = (4, 2, 1)
MOST_SEGMENTS = 24
MIB = 2**20


def fit_memory(program: Ops, batch: int, memory: int, needs: Callable[[Ops], int]) -> Ops:
    """The program, or the variant of it that computes least again among those whose plan needs at most `memory` bytes.

    `needs(program)` is what the plan of a program takes. Raises `NetError` N713 where every variant takes more.
    """
    whole = needs(program)
    if whole <= memory:
        return program
    rest = whole - peak(update_early(program), batch)
    variants = sorted(_variants(program, batch), key=lambda v: v[0])
    least = whole
    for _, estimate, variant in variants:
        if estimate + rest > memory:
            continue
        if (needed := needs(variant)) <= memory:
            return variant
        least, rest = min(least, needed), rest + needed - memory
    if variants:
        smallest = min(variants, key=lambda v: v[1])[2]
        if (needed := needs(smallest)) <= memory:
            return smallest
        least = min(least, needed)
    raise fail(
        "N713",
        f"the plan for {batch} images needs {least / MIB:,.1f} MiB at least, and `memory` is {memory / MIB:,.1f} MiB"
        + (f"; it would take {whole / MIB:,.1f} MiB without computing anything again" if variants else ""),
        help="a smaller `batch` needs less",
    )


def peak(program: Ops, batch: int) -> int:
    """Bytes of temporaries that are alive at once, at most, layouts and scratch left out."""
    last = {i: k for k, op in enumerate(program.ops) for i in op.ins}
    outside = {*program.outputs.values(), *program.gradients.values()}
    alive = most = 0
    for k, op in enumerate(program.ops):
        made = sum(size_of(program, i, batch) for i in op.outs if i not in outside)
        ended = sum(size_of(program, i, batch) for i in set(op.ins) if last[i] == k and _temporary(program, i, outside))
        in_place = min(made, ended) if op.kind in ("map", "reshape", "assign") else 0
        most = max(most, alive + made - in_place)
        alive += made - ended - sum(size_of(program, i, batch) for i in op.outs if i not in last and i not in outside)
    return most


def size_of(program: Ops, i: int, batch: int) -> int:
    """Bytes of a value."""
    value = program.values[i]
    return 4 * prod(d for d in value.shape if isinstance(d, int)) * (batch if value.batched else 1)


def _temporary(program: Ops, i: int, outside: set[int]) -> bool:
    return program.values[i].role == "temp" and i not in outside


def _variants(program: Ops, batch: int) -> Iterator[tuple[int, int, Ops]]:
    """What each computes again (in bytes made or multiply-adds), its estimate, and the program."""
    for dropped in _choices(program, batch):
        variant = recompute(program, frozenset(dropped))
        again = sum(_work(variant, op, batch) for op in variant.ops) - sum(
            _work(program, op, batch) for op in program.ops
        )
        yield again, peak(update_early(variant), batch), variant


def _work(program: Ops, op: Op, batch: int) -> int:
    """Roughly: an element that is made, times the terms of its sum."""
    terms = (
        prod(d for d in program.values[op.ins[1]].shape[:-1] if isinstance(d, int)) if op.kind in ("conv", "dot") else 1
    )
    return terms * sum(size_of(program, i, batch) for i in op.outs)


def _choices(program: Ops, batch: int) -> Iterator[set[int]]:
    """Sets of values to drop."""
    forward = [op for op in program.ops if op.phase in FORWARD]
    made = [i for op in forward for i in op.outs if program.values[i].role == "temp"]
    sizes = {i: size_of(program, i, batch) for i in made}
    small = max(sizes.values(), default=0) // SMALL
    roots = {*program.outputs.values(), *program.gradients.values()}
    large = [i for i in made if sizes[i] > small and i not in roots]
    saved = {i for op in program.ops if op.phase not in FORWARD for i in op.ins}.intersection(large)
    if not saved:
        return
    cheap = sorted(_cheap(program, forward, saved, set(large)), key=lambda i: -sizes[i])
    for fraction in FRACTIONS:
        if chosen := cheap[: -(-len(cheap) // fraction)]:
            yield _with_sources(program, forward, set(chosen), saved, set(large))
    crossing = _crossing(forward, large, sizes)
    for count in range(2, MOST_SEGMENTS + 1):
        kept = {i for cut in _cuts(crossing, count, sizes) for i in cut}
        yield set(large) - kept


def _cheap(program: Ops, forward: Sequence[Op], saved: set[int], large: set[int]) -> set[int]:
    """Saved values that cheap operations make of what is saved, small or no temporary."""
    ready: set[int] = set()
    for op in forward:
        if op.kind in CHEAP and all(i in saved or i in ready or i not in large for i in op.ins):
            ready.update(op.outs)
    return ready & saved


def _with_sources(program: Ops, forward: Sequence[Op], chosen: set[int], saved: set[int], large: set[int]) -> set[int]:
    """The chosen values, and those between them and saved ones, which would be held instead."""
    for op in reversed(forward):
        if not chosen.isdisjoint(op.outs):
            chosen.update(i for i in op.ins if i in large and i not in saved)
    return chosen


def _crossing(forward: Sequence[Op], large: Sequence[int], sizes: dict[int, int]) -> list[tuple[int, set[int]]]:
    """Behind each operation: the bytes of large values made so far, and those that later operations read."""
    last = {i: k for k, op in enumerate(forward) for i in op.ins}
    held, alive, total = (
        set(large),
        set[int](),
        accumulate(sum(sizes[i] for i in op.outs if i in sizes) for op in forward),
    )
    found = []
    for k, (op, so_far) in enumerate(zip(forward, total, strict=True)):
        alive |= {i for i in op.outs if i in held}
        alive -= {i for i in (*op.ins, *op.outs) if last.get(i, -1) <= k}
        found.append((so_far, set(alive)))
    return found


def _cuts(crossing: list[tuple[int, set[int]]], count: int, sizes: dict[int, int]) -> Iterator[set[int]]:
    """What crosses the cuts between `count` segments of about equal size, each where least crosses it nearby."""
    whole = crossing[-1][0]
    for number in range(1, count):
        low, high = (whole * (number - 0.5) / count, whole * (number + 0.5) / count)
        near = [
            (sum(sizes[i] for i in alive), abs(so_far - whole * number / count), k)
            for k, (so_far, alive) in enumerate(crossing)
            if low <= so_far < high
        ]
        if near:
            yield crossing[min(near)[2]][1]
