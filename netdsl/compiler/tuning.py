"""Neutral tuning: measure, once, which of several ways that give the same bits is the fastest here.

Every step that has a choice (`translate/neutral.py`) is measured where it stands, in runs of the whole program, so that
caches are as they will be; in a run each such step takes its k-th choice. Runs go round and round all choices, and the
fastest time of each counts, so that foreign load does little harm. What was found is kept on disk.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from netdsl.compiler.assemble import Choose, assemble
from netdsl.compiler.program import Program, kernel_hash, processor
from netdsl.compiler.room import memory_for
from netdsl.compiler.translate.neutral import DEFAULT, KNOBS, Choice, alternatives, chosen, signature, words
from netdsl.compiler.tuning_cache import Machine, bucket, load_times, store_times
from netdsl.graph.weights import Weights

if TYPE_CHECKING:
    from netdsl.compiler.plan import KernelTable, Plan
    from netdsl.compiler.translate.step import Step
    from netdsl.ops.op import Ops

WORTH = 1_000_000
"""Multiply-adds of a batch below which a step has nothing to gain."""
GAIN = 0.97
"""A choice is taken where it needs at most this share of the default's time: less is noise."""
LEAST_ROUNDS, MOST_ROUNDS, SECONDS = 3, 15, 20.0


@dataclass(frozen=True)
class Tuning:
    """How to tune: whether to measure what the cache does not know, and whom to tell which share is done."""

    measure: bool = True
    report: Callable[[float], None] = field(default=lambda _share: None)


def tuned_plan(program: Ops, tuning: Tuning, *, batch: int, threads: int, table: KernelTable, weights: Weights) -> Plan:
    """The plan of a program with the fastest neutral choices that are known, or can be measured."""
    machine = Machine(processor(), table.isa, kernel_hash(), threads)
    tuner = _Tuner(batch, load_times(machine))

    def plan(choose: Choose) -> Plan:
        return assemble(program, batch=batch, threads=threads, table=table, choose=choose)

    made = plan(tuner.choose)
    if not tuner.open or not tuning.measure:
        return made
    found = tuner.measure(Program(plan(tuner.widest), _copied(made, weights), threads), table, tuning.report)
    tuner.times.update(found)
    store_times(machine, found)
    return plan(tuner.choose)


def _copied(plan: Plan, weights: Weights) -> Weights:
    """The weights, or a copy where the runs of the tuner would change them."""
    if not any(b.written and b.role in ("param", "state") for b in plan.bindings):
        return weights
    with memory_for(plan, weights):
        return Weights(dict(weights))


class _Tuner:
    """The times that are known, and the steps, by signature, for which there are none."""

    def __init__(self, batch: int, times: dict[str, dict[Choice, float]]) -> None:
        self.batch = batch
        self.times = times
        self.open: dict[str, tuple[Step, int]] = {}

    def name(self, step: Step, images: int) -> str:
        return f"{bucket(images)} {signature(step.kernel, step.fields)}"

    def choose(self, step: Step, images: int) -> Step:
        """The step with the fastest choice that is known; without one it stays as it is, and is open."""
        ways = alternatives(step, images)
        if len(ways) == 1 or step.work * self.batch < WORTH:
            return step
        name = self.name(step, images)
        known = {way: self.times[name][way] for way in ways if way in self.times.get(name, {})}
        if len(known) < len(ways):
            self.open.setdefault(name, (step, images))
            return step
        best = min(ways, key=lambda way: known[way])
        best = best if known[best] < GAIN * known[DEFAULT] else DEFAULT
        refused = (
            (words(way), f"{known[way]:,.0f} µs here, against {known[best]:,.0f}") for way in ways if way != best
        )
        return replace(chosen(step, best, images), refused=tuple(refused))

    def widest(self, step: Step, images: int) -> Step:
        """An open step in the form whose plan has room for every choice; others as they are chosen."""
        if self.name(step, images) not in self.open:
            return self.choose(step, images)
        return next((s for way in alternatives(step, images) if (s := chosen(step, way, images)).scratch), step)

    def measure(
        self, program: Program, table: KernelTable, report: Callable[[float], None]
    ) -> dict[str, dict[Choice, float]]:
        """Microseconds of each choice of the open steps."""
        names = [self._name_of(program.plan, row, table) for row in range(len(program.plan.steps))]
        ways = {name: alternatives(*one) for name, one in self.open.items()}
        rows = [_records(program.plan, table, names, self.open, ways, k) for k in range(max(map(len, ways.values())))]
        best = {name: dict.fromkeys(ways[name], float("inf")) for name in self.open}
        arrays, scalars = _arrays(program.plan), _scalars(program.plan)
        begin = time.perf_counter()
        for number in range(MOST_ROUNDS):
            for k, records in enumerate(rows):
                times = program.time_steps(records, arrays, **scalars)
                for name in self.open:
                    way = _way(ways[name], k)
                    spent = float(sum(t for t, own in zip(times, names, strict=True) if own == name)) / 1000
                    best[name][way] = min(best[name][way], max(spent, 0.001))
            spent_all = time.perf_counter() - begin
            share = max((number + 1) / MOST_ROUNDS, min(spent_all / SECONDS, 1.0) * (number + 1 >= LEAST_ROUNDS))
            report(share)
            if share >= 1:
                break
        report(1.0)
        return {name: dict(times) for name, times in best.items()}

    def _name_of(self, plan: Plan, row: int, table: KernelTable) -> str:
        """The name of a step of a plan, or nothing where it is not open for as many images."""
        row = row if plan.steps[row].repeats < 0 else plan.steps[row].repeats  # the last tile may have fewer images
        record, images = plan.records[row], plan.steps[row].images or self.batch
        own = {n: int(record[c]) for n, c in table.fields.items() if record[c] and n not in _ELSEWHERE and n[0] != "x"}
        name = f"{bucket(images)} {signature(plan.steps[row].kernel, own)}"
        return name if name in self.open and self.open[name][1] == images else ""


_ELSEWHERE = ("kernel", "cost", "update_starts", "words", "first_image", "most_images")
"""Fields of a record that the step that became it does not have, beside those of operands, which begin with x."""


def _way(ways: tuple[Choice, ...], k: int) -> Choice:
    return ways[k] if k < len(ways) else DEFAULT


def _records(
    plan: Plan,
    table: KernelTable,
    names: list[str],
    steps: Mapping[str, tuple[Step, int]],
    ways: Mapping[str, tuple[Choice, ...]],
    k: int,
) -> Any:
    """The records of a plan in which every open step takes its k-th choice."""
    records = plan.records.copy()
    for row, name in zip(records, names, strict=True):
        if name:
            values = {**steps[name][0].fields, **dict(_way(ways[name], k))}
            for knob in KNOBS:
                row[table.fields[knob]] = int(values.get(knob, 0))
    return records


def _arrays(plan: Plan) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {
        b.name: rng.standard_normal((plan.batch, *b.shape), np.float32)
        if b.dtype == "f32"
        else np.zeros((plan.batch, *b.shape), np.int32)
        for b in plan.inputs
    }


def _scalars(plan: Plan) -> dict[str, float]:
    return {name: 1 if dtype == "i32" else 1e-6 for name, dtype in plan.scalars.items()}
