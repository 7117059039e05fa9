"""A net ready to run: one plan, the weights it reads, and the one call into the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from netdsl.compiler.assemble import assemble
from netdsl.compiler.lower import lower
from netdsl.compiler.passes import rewrite
from netdsl.compiler.passes.choose import ALGORITHMS, choose_algorithms
from netdsl.compiler.plan import Binding, KernelTable, Plan
from netdsl.core import _engine as engine
from netdsl.errors import fail
from netdsl.graph.weights import Weights
from netdsl.shapes import format_shape

if TYPE_CHECKING:
    from netdsl.graph.net import Net
    from netdsl.ops.op import Build, Value

Array = np.ndarray[Any, Any]
MAX_THREADS = engine.MAX_THREADS
MAX_BATCH = 2**20


class Program:
    """A compiled net. `program(x)` runs inference; `program.step(arrays, …)` a training step.

    `program.plan` says what runs where; `program.weights` holds the tensors, which other programs may share. Runs of
    programs with the same weights take turns, as one may write what another reads; others run side by side.
    """

    def __init__(self, plan: Plan, weights: Weights, threads: int) -> None:
        self.plan = plan
        self.weights = weights
        self.threads = threads
        self._passing = [(k, b.role, b.name) for k, b in enumerate(plan.bindings) if b.role in ("input", "output")]
        self._written = [b for b in plan.bindings if b.written and b.role in ("param", "state")]
        try:
            self._engine = engine.Engine(plan.records, plan.sizes, plan.batch, [1 + k for k, *_ in self._passing])
            self._prepare = engine.Engine(plan.prepare_records, plan.sizes, 1) if len(plan.prepare_records) else None
            self._prepared = np.zeros(plan.prepared_size, np.float32)
        except MemoryError:
            needed = 4 * (plan.arena + plan.prepared_size) / 2**30
            raise fail(
                "N710", f"a plan for {plan.batch} images needs {needed:.1f} GiB, more than could be had"
            ) from None
        self._scalars = np.zeros(max(len(plan.scalars), 1), np.float32)
        self._buffers: list[Array | None] = []
        self._version = -1

    def __call__(self, x: Any) -> Any:
        """Run inference on any number of images; more than the plan's batch run in turns.

        `x`: float32 (N, H, W, C), or a dict of arrays by input name. Returns float32 (N, …), or a dict by name when
        there are several outputs. Raises `NetError` N703 … N706 for arrays that do not fit.
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
        rows = self.plan.describe()[len(self.plan.prepare_steps) :]
        return [{**row, "measured": int(t) // runs} for row, t in zip(rows, times, strict=True)]

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
            return {wanted[0].name: _check(wanted[0], x)}
        if not isinstance(x, Mapping):
            if len(wanted) != 1:
                raise fail("N705", f"the net has {len(wanted)} inputs: give a dict of {_names(wanted)}")
            x = {wanted[0].name: x}
        missing = [b for b in wanted if b.name not in x]
        unknown = [name for name in x if name not in {b.name for b in wanted}]
        if missing or unknown:
            what = f"input `{missing[0].name}` is missing" if missing else f"the net has no input `{unknown[0]}`"
            raise fail("N705", f"{what}; it takes {_names(wanted)}")
        arrays = {b.name: _check(b, x[b.name]) for b in wanted}
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
                number = 1.0 / count if name == "inverse_batch" else _scalar(name, dtype, scalars or {})
                target: Array = self._scalars if dtype == "f32" else self._scalars.view(np.int32)
                target[slot] = number
            buffers = self._buffers.copy()
            for k, role, name in self._passing:
                buffers[k] = inputs[name] if role == "input" else outputs[name]
            self._engine.run(buffers, count, self.threads, times)
            for binding in self._written:
                self.weights.wrote(binding.name, binding.layout)
            if self._prepare is None:  # what this plan wrote lies where it reads it
                self._version = self.weights.version

    def _refresh(self) -> None:
        """Take the weights as they are now, and compute what depends on them alone (folded batch norm, packings)."""
        fixed = {"prepared": self._prepared, "consts": self.plan.consts, "scalars": self._scalars}
        self._buffers = [
            fixed.get(b.role)
            if b.role in ("input", "output") or b.role in fixed
            else self.weights.form(b.name, b.layout)
            for b in self.plan.bindings
        ]
        if self._prepare is not None:
            self._prepare.run(self._buffers, 1, self.threads)
        self._version = self.weights.version


def _names(bindings: Sequence[Binding]) -> str:
    return ", ".join(f"`{b.name}`" for b in bindings)


def _scalar(name: str, dtype: str, scalars: Mapping[str, float]) -> float:
    if name not in scalars:
        raise fail("N705", f"the plan needs a number for `{name}`")
    number = scalars[name]
    if not isinstance(number, int | float | np.integer | np.floating):
        raise fail("N705", f"`{name}` is a number, not {type(number).__name__}")
    if dtype == "f32":
        return float(number)
    if not isfinite(number) or number != int(number) or abs(number) >= 2**31:
        raise fail("N705", f"`{name}` is a whole number below 2^31, not {number}")
    return int(number)


def _check(binding: Binding, array: Any) -> Array:
    """The array as the engine reads it: right dtype and shape, contiguous and aligned; copied only if it must be."""
    dtype = np.dtype(np.float32 if binding.dtype == "f32" else np.int32)
    if type(array) is np.ndarray and array.dtype == dtype and array.shape[1:] == binding.shape and array.ndim:
        flags = array.flags
        if flags.c_contiguous and flags.aligned:
            return array
    expected = f"{dtype.name} (N, {', '.join(map(str, binding.shape))})".replace("(N, )", "(N,)")
    try:
        given = np.asarray(array)
    except ValueError as cause:
        raise fail("N703", f"input `{binding.name}` is not an array: {cause}; expected {expected}") from None
    if given.dtype == object or array is None:
        raise fail(
            "N703", f"input `{binding.name}` is {type(array).__name__}, not an array of numbers; expected {expected}"
        )
    if given.dtype.newbyteorder("=") != dtype and not (dtype.kind == "i" and given.dtype.kind in "iu"):
        raise fail(
            "N703",
            f"input `{binding.name}` is {given.dtype.name}; expected {expected}",
            help=f'convert it: `x.astype("{dtype.name}")`',
        )
    if given.shape[1:] != binding.shape or given.ndim != 1 + len(binding.shape):
        hint = "add the batch axis: `x[None]`" if given.shape == binding.shape else None
        shown = format_shape(given.shape) or "a single number"
        raise fail("N704", f"input `{binding.name}` has shape {shown}; expected {expected}", help=hint)
    if dtype.kind == "i":
        return _whole(binding.name, given)
    return np.require(given, np.float32, ["C", "A"])


def _whole(name: str, given: Array) -> Array:
    """Whole numbers of any width as int32; `NetError` N703 where one is out of its range."""
    limits = np.iinfo(np.int32)
    if given.size and not (limits.min <= int(given.min()) and int(given.max()) <= limits.max):
        raise fail("N703", f"input `{name}` holds whole numbers that int32 has not")
    return np.require(given, np.int32, ["C", "A"])


def compile(
    net: Net,
    weights: Mapping[str, Any] | None = None,
    *,
    batch: int = 1,
    want: Sequence[str] = (),
    wrt: Sequence[str] = (),
    loss: Callable[[Build, dict[str, Value]], Value] | None = None,
    update: Callable[[Build, Value, Value], None] | None = None,
    threads: int | None = None,
    isa: str | None = None,
    algorithm: str = "auto",
) -> Program:
    """Compile a net for up to `batch` images a run.

    `Weights` are shared, another mapping of arrays is copied; None draws them with seed 0. `want` names nodes whose
    values come back beside the outputs. With `loss` the program is a training program: `wrt` names the tensors that it
    differentiates for, `update` emits what becomes of each. `threads` from 1 to 256, default the usable cores. `isa`
    forces `base`, `avx2` or `avx512`. `algorithm="direct"` turns off Winograd's convolution, which is faster and less
    exact.
    Raises `NetError` N7xx for arguments that do not fit.
    """
    batch = _checked_count("batch", batch, MAX_BATCH)
    if algorithm not in ALGORITHMS:
        raise fail("N712", f"`algorithm` is one of {', '.join(ALGORITHMS)}, not `{algorithm}`")
    threads = _checked_count("threads", engine.default_threads() if threads is None else threads, MAX_THREADS)
    want = (want,) if isinstance(want, str) else want
    for name in want:
        if name not in net.nodes and name not in net.labels:
            raise fail("N707", f"`{net.name}` has no node `{name}`")
    if unknown := [name for name in wrt if name not in net.tensors and name not in net.inputs]:
        raise fail("N701", f"`{net.name}` has no tensor or input `{unknown[0]}` to differentiate for")
    weights = _fitting(net, weights)
    program = lower(net, training=loss is not None, want=want, loss=loss, update=update, wrt=wrt)
    for value in program.values.values():
        if value.role == "state" and value.name not in weights:
            weights.add(value.name, np.zeros([d for d in value.shape if isinstance(d, int)], np.float32))
    chosen = choose_algorithms(rewrite(program), algorithm)
    return Program(assemble(chosen, batch=batch, threads=threads, table=kernel_table(isa)), weights, threads)


def _fitting(net: Net, weights: Mapping[str, Any] | None) -> Weights:
    """The weights of a net, each tensor there and of its shape; `NetError` N701 or N702."""
    if weights is None:
        return net.initialise()
    made = weights if isinstance(weights, Weights) else Weights(weights)
    for name, param in net.tensors.items():
        if name not in made:
            raise fail("N701", f"no tensor is called `{name}`; `{net.name}` needs it")
        if made.shape(name) != param.shape:
            needed, found = format_shape(param.shape), format_shape(made.shape(name)) or "a single number"
            raise fail("N702", f"`{name}` is {found}; `{net.name}` needs {needed}")
    return made


def _checked_count(name: str, value: Any, most: int) -> int:
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        raise fail("N708", f"`{name}` is an integer, not {type(value).__name__}")
    if not 1 <= value <= most:
        raise fail("N708", f"`{name}` is {value}; it must be from 1 to {most}")
    return int(value)


def kernel_table(isa: str | None) -> KernelTable:
    """The engine's names for an instruction set; raises `NetError` N709."""
    try:
        chosen = engine.isa(isa)
    except ValueError as cause:
        raise fail("N709", str(cause)) from None
    rows = {name: row for row, (name, own) in enumerate(engine.kernel_names()) if own == chosen}
    return KernelTable(chosen, rows, {name: column for column, name in enumerate(engine.field_names())})
