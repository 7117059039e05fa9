"""The program between the passes, by the name of the pass that made it: `compile` takes the last, `--show` prints all.

lower → remove_dead → … → fuse_maps → remove_dead:2 → recompute → update_early → choose → pool_tiles → layout

Whoever adds a pass adds it here or in `passes.PASSES`, and it is run, verified and shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from netdsl.compiler.layout import assign_layouts
from netdsl.compiler.lower import Loss, Update, lower
from netdsl.compiler.passes import PASSES
from netdsl.compiler.passes.choose import choose_algorithms
from netdsl.compiler.passes.early import update_early
from netdsl.compiler.passes.late import transform_late
from netdsl.compiler.passes.pools import pool_tiles
from netdsl.compiler.passes.prepare import own_outputs
from netdsl.graph.sized import unsized
from netdsl.ops.op import Ops

if TYPE_CHECKING:
    from netdsl.graph.net import Net


def _named_passes() -> tuple[str, ...]:
    """The passes' names; one that comes again gets a number, as values do."""
    seen: Counter[str] = Counter()
    names = []
    for step in PASSES:
        seen[step.__name__] += 1
        names.append(step.__name__ if seen[step.__name__] == 1 else f"{step.__name__}:{seen[step.__name__]}")
    return tuple(names)


REWRITES = _named_passes()
STAGES = ("lower", *REWRITES, "recompute", "update_early", "choose", "pool_tiles", "layout", "plan")
"""Every name that `--until` takes, in order; `plan` is no program any more."""


def stages(
    net: Net,
    *,
    want: Sequence[str] = (),
    loss: Loss | None = None,
    update: Update | None = None,
    wrt: Sequence[str] = (),
    algorithm: str = "auto",
    fit: Callable[[Ops], Ops] | None = None,
) -> Iterator[tuple[str, Ops]]:
    """The program after each stage up to `pool_tiles`, what `compile` assembles; each is verified.

    `fit` gives the variant that fits a memory (`budget.fit_memory`). Raises `NetError` N715 for a net with symbols.
    """
    if net.symbols:
        raise unsized(net)
    program = lower(net, training=loss is not None, want=want, loss=loss, update=update, wrt=wrt)
    yield "lower", program
    for name, step in zip(REWRITES, PASSES, strict=True):
        program = step(program)
        program.verify()
        yield name, program
    program = fit(program) if fit else program
    program.verify()
    yield "recompute", program
    program = update_early(program)
    program.verify()
    yield "update_early", program
    program = choose_algorithms(program, algorithm)
    yield "choose", program
    program = pool_tiles(program)
    program.verify()
    yield "pool_tiles", program


def finished(program: Ops, algorithm: str) -> Ops:
    """What `compile` assembles of a program after the stage `recompute`."""
    return pool_tiles(choose_algorithms(update_early(program), algorithm))


def laid_out(program: Ops, batch: int) -> Ops:
    """The stage `layout`: the program as `assemble` takes it apart into steps."""
    return assign_layouts(own_outputs(transform_late(program, batch)), batch)[0]
