"""A net ready to run: one plan, the weights it reads, and the one call into the engine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from netdsl.compiler.arguments import checked_array, checked_scalar, names_of
from netdsl.compiler.plan import KernelTable, Plan
from netdsl.compiler.room import memory_for
from netdsl.core import _engine as engine
from netdsl.errors import fail
from netdsl.graph.weights import Weights

Array = np.ndarray[Any, Any]
MAX_THREADS = engine.MAX_THREADS
default_threads = engine.default_threads
kernel_hash = engine.kernel_hash
processor = engine.cpu


class Program:
    """A compiled net. `program(x)` runs inference; `program.step(arrays, …)` a training step.

    `program.plan` says what runs where; `program.weights` holds the tensors, which other programs may share. Runs of
    programs with the same weights take turns, as one may write what another reads; others run side by side.
    """

    def __init__(self, plan: Plan, weights: Weights, threads: int, prepared: Array | None = None) -> None:
        """`prepared`: what the plan's preparation would compute, where it has none."""
        self.plan = plan
        self.weights = weights
        self.threads = threads
        self.about: Mapping[str, Any] = {}
        self._passing = [(k, b.role, b.name) for k, b in enumerate(plan.bindings) if b.role in ("input", "output")]
        self._written = [b for b in plan.bindings if b.written and b.role in ("param", "state")]
        with memory_for(plan):
            self._engine = engine.Engine(plan.records, plan.sizes, plan.batch, [1 + k for k, *_ in self._passing])
            self._prepared = np.zeros(plan.prepared_size, np.float32) if prepared is None else prepared
        self._scalars = np.zeros(max(len(plan.scalars), 1), np.float32)
        self._buffers: list[Array | None] = []
        self._version = -1

    def __call__(self, x: Any) -> Any:
        """Run inference on any number of images; more than the plan's batch run in turns.

        `x`: float32 (N, H, W, C), or a dict of arrays by input name. Returns float32 (N, …), or a dict by name when
        there are several outputs. Raises `NetError` N703 … N706 for arrays that do not fit, N710
        for a net whose weights are too large for the memory.
        """
        arrays = self._inputs(x)
        count = len(next(iter(arrays.values())))
        results = {b.name: np.empty((count, *b.shape), np.float32) for b in self.plan.outputs}
        if count <= self.plan.batch:
            self._run(arrays, results)
            return next(iter(results.values())) if len(results) == 1 else results
        for start in range(0, count, self.plan.batch):
            stop = min(start + self.plan.batch, count)
            self._run({k: a[start:stop] for k, a in arrays.items()}, {k: a[start:stop] for k, a in results.items()})
        return next(iter(results.values())) if len(results) == 1 else results

    def step(self, arrays: Mapping[str, Any], **scalars: float) -> dict[str, Array]:
        """Run once on at most `batch` images with the numbers that the plan names (`lr`, `step`); returns every output.

        Parameters, statistics and slots are changed in place when the plan updates them.
        """
        checked = self._inputs(arrays)
        results = self._results(self._count(checked))
        self._run(checked, results, scalars)
        return results

    def profile(self, arrays: Any, *, runs: int = 1, **scalars: float) -> list[dict[str, Any]]:
        """Run `runs` times and measure: `plan.describe()` for the steps of a run, with `measured` nanoseconds.

        `measured` is the mean time from a step's first task to its last; it includes waiting for threads. A training
        program learns meanwhile. Without a call of this, nothing is measured.
        """
        checked = self._inputs(arrays)
        count = self._count(checked)
        times = np.zeros(len(self.plan.steps), np.int64)
        for _ in range(runs):
            self._run(checked, self._results(count), scalars, times)
        for k, step in enumerate(self.plan.steps):
            if step.repeats >= 0:
                times[step.repeats] += times[k]
        rows = self.plan.describe()[len(self.plan.prepare_steps) :]
        return [{**row, "measured": int(times[k]) // runs} for row, k in zip(rows, self.plan.first_steps, strict=True)]

    def prepared(self) -> Array:
        """What the plan computes from the weights alone, up to date with them."""
        with self.weights.lock:
            if self._version != self.weights.version:
                self._refresh()
            return self._prepared

    def time_steps(self, records: Array, arrays: Mapping[str, Array], **scalars: float) -> Array:
        """Nanoseconds of each step of a run with other records, which differ from its own in neutral choices alone."""
        self._engine.renew(records)
        times = np.zeros(len(self.plan.steps), np.int64)
        self._run(arrays, self._results(self._count(arrays)), scalars, times)
        return times

    def check(self) -> None:
        """Prove what else is proven at the first run: that expressions are sound. Raises `ValueError`."""
        self._engine.check_constants(self.plan.consts)

    def save(self, path: str | Path, about: Mapping[str, Any] | None = None) -> None:
        """Write the plan and the numbers that it reads into one file, which `netdsl.load_plan` runs; `NetError` N505.

        `about` is JSON that goes with it and comes back as `program.about`.
        """
        from netdsl.compiler.plan_file import write_plan

        write_plan(Path(path), self, about or self.about)

    def _count(self, arrays: Mapping[str, Array]) -> int:
        """Images of a run that cannot be cut into several."""
        count = len(next(iter(arrays.values())))
        if not 0 < count <= self.plan.batch:
            raise fail("N706", f"a step takes 1 to {self.plan.batch} images, not {count}")
        return count

    def _results(self, count: int) -> dict[str, Array]:
        """Arrays for every output of one run."""
        return {b.name: np.empty((count, *b.shape) if b.batched else b.shape, np.float32) for b in self.plan.outputs}

    def _inputs(self, x: Any) -> dict[str, Array]:
        wanted = self.plan.inputs
        if type(x) is np.ndarray and len(wanted) == 1:
            return {wanted[0].name: checked_array(wanted[0], x)}
        if not isinstance(x, Mapping):
            if len(wanted) != 1:
                raise fail("N705", f"the net has {len(wanted)} inputs: give a dict of {names_of(wanted)}")
            x = {wanted[0].name: x}
        missing = [b for b in wanted if b.name not in x]
        unknown = [name for name in x if name not in {b.name for b in wanted}]
        if missing or unknown:
            what = f"input `{missing[0].name}` is missing" if missing else f"the net has no input `{unknown[0]}`"
            raise fail("N705", f"{what}; it takes {names_of(wanted)}")
        arrays = {b.name: checked_array(b, x[b.name]) for b in wanted}
        counts = {len(a) for a in arrays.values()}
        if len(counts) != 1:
            raise fail(
                "N706",
                "the inputs hold different numbers of images: "
                + ", ".join(f"`{k}` {len(a)}" for k, a in arrays.items()),
            )
        return arrays

    def _run(
        self,
        inputs: Mapping[str, Array],
        outputs: Mapping[str, Array],
        scalars: Mapping[str, float] | None = None,
        times: Array | None = None,
    ) -> None:
        count = len(next(iter(inputs.values())))
        with self.weights.lock:
            if self._version != self.weights.version:
                self._refresh()
            for slot, (name, dtype) in enumerate(self.plan.scalars.items()):
                number = 1.0 / count if name == "inverse_batch" else checked_scalar(name, dtype, scalars or {})
                target: Array = self._scalars if dtype == "f32" else self._scalars.view(np.int32)
                target[slot] = number
            buffers = self._buffers.copy()
            for k, role, name in self._passing:
                buffers[k] = inputs[name] if role == "input" else outputs[name]
            # Before the run: an interrupt during one that has begun to change weights is raised after its end.
            for binding in self._written:
                self.weights.wrote(binding.name, binding.layout)
            self._engine.run(buffers, count, self.threads, times)
            if not len(self.plan.prepare_records):  # what this plan wrote lies where it reads it
                self._version = self.weights.version

    def _refresh(self) -> None:
        """Take the weights as they are now, and compute what depends on them alone (folded batch norm, packings)."""
        fixed = {"prepared": self._prepared, "consts": self.plan.consts, "scalars": self._scalars}
        with memory_for(self.plan, self.weights):
            self._buffers = [
                fixed.get(b.role)
                if b.role in ("input", "output") or b.role in fixed
                else self.weights.form(b.name, b.layout)
                for b in self.plan.bindings
            ]
            if len(self.plan.prepare_records):
                sizes = ((self.plan.prepare_arena, 0), *self.plan.sizes[1:])
                engine.Engine(self.plan.prepare_records, sizes, 1).run(self._buffers, 1, self.threads)
        self._version = self.weights.version


def kernel_table(isa: str | None) -> KernelTable:
    """The engine's names for an instruction set; raises `NetError` N709."""
    try:
        chosen = engine.isa(isa)
    except ValueError as cause:
        raise fail("N709", str(cause)) from None
    rows = {name: row for row, (name, own) in enumerate(engine.kernel_names()) if own == chosen}
    return KernelTable(chosen, rows, {name: column for column, name in enumerate(engine.field_names())})


def isa_verdicts(isa: str | None = None) -> tuple[tuple[str, str], ...]:
    """Every instruction set, the fastest first, with why its kernels do not run; empty for the one whose kernels do."""
    chosen = kernel_table(isa).isa
    found = []
    for name in engine.SETS:
        if name not in engine.isas():
            why = "this processor has not got it"
        elif engine.SETS.index(name) < engine.SETS.index(chosen):
            why = f"`{chosen}` is forced"
        else:
            why = "" if name == chosen else f"`{chosen}` is faster"
        found.append((name, why))
    return tuple(found)
