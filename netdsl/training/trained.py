"""A trained net taken from its weight file alone: net, tensors, preprocessing and class names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from netdsl.data.pipeline import Pipeline, from_json
from netdsl.errors import Diagnostic, Fault, NetError, fail
from netdsl.files.regular import quoted
from netdsl.graph.weights import Weights
from netdsl.language.load import load_texts
from netdsl.language.parameters import parse_parameters
from netdsl.shapes import Shape
from netdsl.training.loss import LOSSES
from netdsl.training.record import Record
from netdsl.training.run_folder import weights_path
from netdsl.training.weights_file import check_tensors, read_weights

if TYPE_CHECKING:
    from netdsl.graph.net import Net


@dataclass(frozen=True, eq=False)
class TrainedNet:
    """What a run folder or a weight file holds; `warnings` tell of values that are not finite."""

    net: Net
    weights: Weights
    pipeline: Pipeline
    record: Record
    warnings: tuple[Diagnostic, ...]


def open_run(run: str | Path) -> TrainedNet:
    """Read a run folder or its weight file; nothing else is needed, nor looked at.

    Raises `NetError`: N501 to N504 and N601 as `read_weights` and `check_tensors`, N502 where the net or the
    preprocessing inside cannot be read, N510 where the folder is not that of a run.
    """
    path = weights_path(Path(run))
    file = read_weights(path)
    record = file.record
    try:
        parameters = parse_parameters(f"{name}={value}" for name, value in record.parameters.items())
        net = load_texts(record.texts, record.main, parameters, net=record.net)
        pipeline = from_json(record.pipeline)
        for name in net.inputs:
            _check_pipeline(pipeline, net.nodes[name].shape)
    except NetError as error:
        first = error.diagnostics[0]
        raise fail("N502", f"{quoted(path)}: what it says of its net cannot be used: {first.message}") from None
    except Fault as fault:
        raise fail("N502", f"{quoted(path)}: what it says of its net cannot be used: {fault.message}") from None
    if record.settings["loss"] not in LOSSES:
        raise fail("N502", f"{quoted(path)}: there is no loss {quoted(record.settings['loss'][:80])}")
    check_tensors(path, net, file.tensors)
    return TrainedNet(net, Weights(file.tensors), pipeline, record, file.warnings)


def _check_pipeline(pipeline: Pipeline, shape: Shape) -> None:
    """`NetError` or `Fault` unless some image becomes one of this shape."""
    if len(shape) == 3:
        pipeline.out_shape(pipeline.in_shape(shape))
