"""Rewrites of a program of operations, one file each, in the order in which they run; each result is verified."""

from __future__ import annotations

from collections.abc import Callable

from netdsl.compiler.passes.common import merge_common
from netdsl.compiler.passes.dead import remove_dead
from netdsl.compiler.passes.epilogue import fuse_epilogues
from netdsl.compiler.passes.fold import fold_weights
from netdsl.compiler.passes.fuse import fuse_maps
from netdsl.compiler.passes.hoist import hoist_small_parts
from netdsl.compiler.passes.masks import mask_before_pools
from netdsl.compiler.passes.pools import fuse_pools
from netdsl.compiler.passes.sums import fuse_sums
from netdsl.ops.op import Ops

Pass = Callable[[Ops], Ops]
PASSES: tuple[Pass, ...] = (
    remove_dead,
    hoist_small_parts,
    merge_common,
    mask_before_pools,
    fold_weights,
    fuse_epilogues,
    fuse_maps,
    fuse_sums,
    fuse_pools,
    remove_dead,
)


def rewrite(program: Ops) -> Ops:
    """The program after every pass."""
    for step in PASSES:
        program = step(program)
        program.verify()
    return program
