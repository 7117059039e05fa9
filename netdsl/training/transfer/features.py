"""What a node of a net says about images, as arrays: the features that another classifier learns from.

y[i] = the value of the node for image i, in the net's inference; only what the node depends on is computed.
(Donahue et al. 2014; Sharif Razavian et al. 2014)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netdsl.compiler.compile import compile
from netdsl.data.dataset import Dataset
from netdsl.data.open import open_inputs
from netdsl.data.pipeline import Pipeline, check_inputs
from netdsl.errors import fail
from netdsl.files.atomic import replace_file
from netdsl.files.regular import quoted
from netdsl.training.loop import for_inputs, inputs_of, outputs_of

if TYPE_CHECKING:
    from netdsl.graph.net import Net

BATCH = 64
FORMATS = (".npz", ".safetensors")


@dataclass(frozen=True, eq=False)
class Features:
    """The features and labels of the training part, and of the test part where the data have one.

    Features are float32 (N, …), the rest being the shape of the node; labels are indices into `classes`, int64 (N,).
    `others` has the labels of further outputs that have some of their own, by the name of the array.
    """

    train: NDArray[np.float32]
    train_labels: NDArray[np.int64]
    test: NDArray[np.float32] | None
    test_labels: NDArray[np.int64] | None
    classes: tuple[str, ...]
    others: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays by name: `train`, `train_labels`, `test`, `test_labels`, and `train_labels_box` of an output."""
        found: dict[str, NDArray[Any]] = {"train": self.train, "train_labels": self.train_labels}
        if self.test is not None and self.test_labels is not None:
            found |= {"test": self.test, "test_labels": self.test_labels}
        return found | dict(self.others)


def extract(
    net: Net,
    weights: Mapping[str, Any],
    at: str,
    data: str,
    pipeline: Pipeline,
    *,
    fit: bool = False,
    threads: int | None = None,
) -> Features:
    """The value of the node `at` for every image of `data`, prepared by `pipeline`.

    With `fit` the pipeline first takes its statistics from the training part. Raises `NetError`: N707 where there is no
    such node, N6xx for data that cannot be read or do not fit.
    """
    path = net.labels.get(at, at)
    if path not in net.nodes:
        raise unknown_node(net, at)
    pipeline, inputs = for_inputs(net, pipeline), inputs_of(net)
    split = open_inputs(data, inputs, outputs_of(net), fit=pipeline.resize)
    check_inputs(split.train, pipeline, inputs)
    fitted = pipeline.fit_to(split.train) if fit else pipeline
    program = compile(replace(net, outputs={at: path}, heads=()), weights, batch=BATCH, threads=threads)
    needed = [one.name for one in program.plan.inputs]

    def of(part: Dataset) -> NDArray[np.float32]:
        rows = []
        for some in (slice(start, start + BATCH) for start in range(0, len(part), BATCH)):
            given = {name: fitted.of(name).apply(part.of(name).images[some]) for name in needed}
            rows.append(np.asarray(program(given), np.float32))
        return np.concatenate(rows)

    test = split.test
    parts = {"train": split.train} | ({"test": test} if test else {})
    if test is not None:
        check_inputs(test, fitted, inputs)
    return Features(
        of(split.train),
        split.train.labels,
        None if test is None else of(test),
        None if test is None else test.labels,
        split.train.classes,
        {f"{part}_labels_{name}": one.labels for part, data in parts.items() for name, one in data.others.items()},
    )


def unknown_node(net: Net, name: str) -> Exception:
    """The error of a node that the net has not got, with the nearest name."""
    from netdsl.language.suggest import nearest_name

    near = nearest_name(name, [*net.nodes, *net.labels])
    advice = f"did you mean `{near}`?" if near else "`netdsl summary` lists the nodes"
    return fail("N707", f"`{net.name}` has no node {quoted(name)}", help=advice)


def check_format(path: Path) -> None:
    """`NetError` N527 unless features can be written under this name."""
    if path.suffix not in FORMATS:
        raise fail("N527", f"{quoted(path)} does not end in {' or '.join(FORMATS)}")


def write_features(path: Path, features: Features) -> None:
    """Write the arrays as `.npz` or `.safetensors`, atomically; the class names go with them.

    `.npz` has them as an array `classes` of texts, `.safetensors` as JSON under `classes` in its metadata. The same
    features give the same bytes. Raises `NetError` N505, and N527 for another ending.
    """
    check_format(path)
    arrays = features.arrays()

    def write(temporary: Path) -> None:
        if path.suffix == ".npz":
            with temporary.open("wb") as file:
                named: Any = {**arrays, "classes": np.array(features.classes, str)}
                np.savez(file, **named)
            return
        import json

        from safetensors.numpy import save

        metadata = {"classes": json.dumps(features.classes, ensure_ascii=False)}
        temporary.write_bytes(save({name: np.ascontiguousarray(a) for name, a in arrays.items()}, metadata))

    replace_file(path, write)
