"""Net → Program: the passes in order, the plan, and weights that fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from netdsl.compiler.arguments import checked_count
from netdsl.compiler.assemble import assemble
from netdsl.compiler.budget import fit_memory
from netdsl.compiler.fitting import checked_net, fitting_weights
from netdsl.compiler.lower import Loss, Update
from netdsl.compiler.passes.choose import ALGORITHMS
from netdsl.compiler.program import MAX_THREADS, Program, default_threads, kernel_table
from netdsl.compiler.stages import finished, stages
from netdsl.errors import fail

if TYPE_CHECKING:
    from netdsl.compiler.plan import KernelTable
    from netdsl.compiler.tuning import Tuning
    from netdsl.graph.net import Net
    from netdsl.ops.op import Ops

MAX_BATCH = 2**20
MOST_MEMORY = 2**50


def compile(
    net: Net,
    weights: Mapping[str, Any] | None = None,
    *,
    batch: int = 1,
    want: Sequence[str] = (),
    wrt: Sequence[str] = (),
    loss: Loss | None = None,
    update: Update | None = None,
    threads: int | None = None,
    isa: str | None = None,
    algorithm: str = "auto",
    tune: Tuning | bool = False,
    memory: int | None = None,
) -> Program:
    """Compile a net for up to `batch` images a run.

    `Weights` are shared, also by programs of other nets, whose tensors they may hold; another mapping of arrays is
    copied, and holds the net's alone; None draws them with seed 0. `want` names nodes whose
    values come back beside the outputs. With `loss` the program is a training program: `wrt` names the tensors that it
    differentiates for, `update` emits what becomes of each. `threads` from 1 to 256, default the usable cores. `isa`
    forces `base`, `avx2` or `avx512`. `algorithm="direct"` turns off Winograd's convolution, which is faster and less
    exact. `memory` is the most bytes that the plan may need: a training program keeps less and computes it again, with
    the same bits.
    `tune` makes the choices that leave the bits alone by what was measured on this machine, and measures what is not
    known yet (`Tuning`); by default they follow from shapes.
    A net with symbols gets a program that makes a plan for each size that it meets (`SizedProgram`).
    Raises `NetError` N7xx for arguments that do not fit, N504 for arrays that the net does not have.
    """
    net = checked_net(net)
    batch = checked_count("batch", batch, MAX_BATCH)
    if algorithm not in ALGORITHMS:
        raise fail("N712", f"`algorithm` is one of {', '.join(ALGORITHMS)}, not `{algorithm}`")
    threads = checked_count("threads", default_threads() if threads is None else threads, MAX_THREADS)
    want = (want,) if isinstance(want, str) else want
    for name in want:
        if name not in net.nodes and name not in net.labels:
            raise fail("N707", f"`{net.name}` has no node `{name}`")
    if unknown := [name for name in wrt if name not in net.tensors and name not in net.inputs]:
        raise fail("N701", f"`{net.name}` has no tensor or input `{unknown[0]}` to differentiate for")
    weights = fitting_weights(net, weights)
    table = kernel_table(isa)
    if net.symbols:
        from netdsl.compiler.sized import SizedProgram

        options: dict[str, Any] = {
            "want": want,
            "wrt": wrt,
            "loss": loss,
            "update": update,
            "isa": isa,
            "memory": memory,
        }
        options |= {"batch": batch, "threads": threads, "algorithm": algorithm, "tune": tune}
        return SizedProgram(net, weights, threads, lambda one: compile(one, weights, **options))
    fit = None if memory is None else memory_fit(memory, batch, table, algorithm)
    *_, (_, program) = stages(net, want=want, loss=loss, update=update, wrt=wrt, algorithm=algorithm, fit=fit)
    for value in program.values.values():
        if value.role == "state" and value.name not in weights:
            weights.declare(value.name, tuple(d for d in value.shape if isinstance(d, int)))
    if tune is False:
        plan = assemble(program, batch=batch, threads=threads, table=table)
    else:
        from netdsl.compiler.tuning import Tuning, tuned_plan

        how = Tuning() if tune is True else tune
        plan = tuned_plan(program, how, batch=batch, threads=threads, table=table, weights=weights)
    return Program(plan, weights, threads)


def memory_fit(memory: int, batch: int, table: KernelTable, algorithm: str) -> Callable[[Ops], Ops]:
    """The variant of a program whose plan needs at most so many bytes; `NetError` N708 or N713."""
    memory = checked_count("memory", memory, MOST_MEMORY)

    def needs(program: Ops) -> int:
        return assemble(finished(program, algorithm), batch=batch, threads=1, table=table).bytes

    return lambda program: fit_memory(program, batch, memory, needs)
