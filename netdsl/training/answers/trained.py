"""A trained net taken from its weight file alone: net, tensors, preprocessing and class names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from netdsl.compiler.compile import compile
from netdsl.data.pipeline import Pipeline, from_json
from netdsl.errors import Diagnostic, Fault, NetError, fail
from netdsl.files.regular import quoted
from netdsl.graph.weights import Weights
from netdsl.language.load import load_texts
from netdsl.language.parameters import parse_parameters
from netdsl.shapes import Shape
from netdsl.training.block.settings import read_losses
from netdsl.training.block.transfer import recorded
from netdsl.training.keeping.record import Record
from netdsl.training.keeping.run_folder import weights_path
from netdsl.training.keeping.weights_file import check_tensors, read_weights
from netdsl.training.loop import input_name, inputs_of, outputs_of
from netdsl.training.optimise.loss import Objective, ends_of, recorded_objective

if TYPE_CHECKING:
    from netdsl.compiler.program import Program
    from netdsl.graph.net import Net


@dataclass(frozen=True, eq=False)
class TrainedNet:
    """What a run folder or a weight file holds; `warnings` tell of values that are not finite."""

    net: Net
    weights: Weights
    pipeline: Pipeline
    record: Record
    warnings: tuple[Diagnostic, ...]

    @property
    def name(self) -> str:
        """The name of the net."""
        return self.net.name

    @property
    def inputs(self) -> dict[str, Shape]:
        """Its inputs by name, with their shapes."""
        return inputs_of(self.net)

    @property
    def outputs(self) -> dict[str, Shape]:
        """Its outputs by name, with their shapes."""
        return outputs_of(self.net)

    @property
    def shape(self) -> Shape:
        """The shape of its one input; `NetError` N508 where there are several."""
        return self.net.nodes[input_name(self.net)].shape

    @property
    def output(self) -> str:
        """The name of its first output."""
        return next(iter(self.net.outputs))

    @property
    def objective(self) -> Objective:
        """What it was trained for; `NetError` N508 unless every output fits the classes."""
        record = self.record
        return recorded_objective(
            ends_of(self.net), read_losses(record.settings["loss"]), record.classes, record.others
        )

    def compiled(self, batch: int, threads: int | None) -> Program:
        """The net on the engine."""
        return compile(self.net, self.weights, batch=batch, threads=threads)


def open_run(run: str | Path, *, strict: bool = False) -> TrainedNet:
    """Read a run folder or its weight file; nothing else is needed, nor looked at.

    Raises `NetError`: N501 to N504 and N601 as `read_weights` and `check_tensors`, N502 where the net or the
    preprocessing inside cannot be read, N510 where the folder is not that of a run; where `strict`, N526 for numbers
    that are not finite.
    """
    path = weights_path(Path(run))
    file = read_weights(path, strict=strict)
    record = file.record
    try:
        parameters = parse_parameters(f"{name}={value}" for name, value in record.parameters.items())
        written = load_texts(record.texts, record.main, parameters, net=record.net)
        net = recorded(record.settings).reshaped(written)
        pipeline = from_json(record.pipeline)
        for name in net.inputs:
            _check_pipeline(pipeline.of(name), net.nodes[name].shape)
        read_losses(record.settings["loss"])
    except NetError as error:
        first = error.diagnostics[0]
        raise fail("N502", f"{quoted(path)}: what it says of its net cannot be used: {first.message}") from None
    except Fault as fault:
        raise fail("N502", f"{quoted(path)}: what it says of its net cannot be used: {fault.message}") from None
    check_tensors(path, net, file.tensors)
    return TrainedNet(net, Weights(file.tensors), pipeline, record, file.warnings)


def _check_pipeline(pipeline: Pipeline, shape: Shape) -> None:
    """`NetError` or `Fault` unless some image becomes one of this shape."""
    if len(shape) == 3:
        pipeline.out_shape(pipeline.in_shape(shape))
