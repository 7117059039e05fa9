"""A trained net as a plan file: the compiled steps, and what `eval` and `predict` must know beside them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netdsl.compiler.plan_file import SUFFIX, load_plan
from netdsl.data.pipeline import Pipeline, from_json
from netdsl.errors import Diagnostic, Fault, NetError, fail
from netdsl.files.regular import quoted
from netdsl.training.answers.trained import TrainedNet, open_run
from netdsl.training.block.settings import read_losses
from netdsl.training.keeping.record import BadRecord, Record, read_record
from netdsl.training.loop import only_input
from netdsl.training.optimise.loss import End, Objective, recorded_objective

if TYPE_CHECKING:
    from netdsl.compiler.program import Program
    from netdsl.shapes import Shape


@dataclass(frozen=True, eq=False)
class TrainedPlan:
    """What a plan file of a trained net holds: in place of a net, the program that runs it."""

    name: str
    program: Program
    pipeline: Pipeline
    record: Record
    objective: Objective
    warnings: tuple[Diagnostic, ...] = ()

    @property
    def inputs(self) -> dict[str, Shape]:
        """Its inputs by name, with their shapes."""
        return {one.name: one.shape for one in self.program.plan.inputs}

    @property
    def outputs(self) -> dict[str, Shape]:
        """Its outputs by name, with their shapes."""
        return {one.name: one.shape for one in self.program.plan.outputs}

    @property
    def shape(self) -> Shape:
        """The shape of its one input; `NetError` N508 where there are several."""
        return self.inputs[only_input(self.name, tuple(self.inputs))]

    @property
    def output(self) -> str:
        """The name of its first output."""
        return self.program.plan.outputs[0].name

    def compiled(self, batch: int, threads: int | None) -> Program:
        """The program of the file, whose batch and threads are its own."""
        return self.program


def about(trained: TrainedNet) -> dict[str, Any]:
    """What is written with the plan of a trained net."""
    ends = {name: part.end.act for name, part in trained.objective.parts.items() if not part.end.is_head}
    return {"record": trained.record.document(), "ends": ends}


def open_trained(path: Path, *, threads: int | None = None, strict: bool = False) -> TrainedNet | TrainedPlan:
    """The folder of a run, its weight file, or a plan file made of either.

    Raises `NetError` as `open_run` and `load_plan` do, and N508 for the plan of a net that was not trained.
    """
    if path.suffix != SUFFIX:
        return open_run(path, strict=strict)
    program = load_plan(path, threads=threads)
    if "scalars" in program.about:
        raise fail(
            "N508",
            f"{quoted(path)} is the plan of a training step, which needs labels and gives a loss",
            help="compile the run without `--train`: `netdsl compile runs/NAME -o net.plan`",
        )
    if "record" not in program.about:
        raise fail(
            "N508",
            f"{quoted(path)} is the plan of a net that was not trained on images",
            help="compile the folder of a run: `netdsl compile runs/NAME -o net.plan`",
        )
    try:
        record = read_record(program.about["record"])
        pipeline = from_json(record.pipeline)
        acts = program.about["ends"]
        ends = {b.name: End(b.shape, str(acts[b.name])) for b in program.plan.outputs}
        losses = read_losses(record.settings["loss"])
        kept = {name: loss for name, loss in losses.items() if not name or name in ends}
        objective = recorded_objective(ends, kept, record.classes, record.others)
    except (BadRecord, NetError, Fault, KeyError, TypeError, AttributeError) as cause:
        raise fail("N731", f"{quoted(path)} is damaged: its record of the training cannot be used: {cause}") from None
    return TrainedPlan(record.net, program, pipeline, record, objective)
