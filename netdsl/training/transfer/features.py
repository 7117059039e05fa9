"""What a node of a net says about images, as arrays: the features that another classifier learns from.

y[i] = the value of the node for image i, in the net's inference; only what the node depends on is computed.
(Donahue et al. 2014; Sharif Razavian et al. 2014)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netdsl.compiler.compile import compile
from netdsl.data.dataset import Dataset
from netdsl.data.open import open_data
from netdsl.data.pipeline import Pipeline, check_fits
from netdsl.errors import fail
from netdsl.files.atomic import replace_file
from netdsl.files.regular import quoted
from netdsl.training.loop import input_name

if TYPE_CHECKING:
    from netdsl.graph.net import Net

BATCH = 64
FORMATS = (".npz", ".safetensors")


@dataclass(frozen=True, eq=False)
class Features:
    """The features and labels of the training part, and of the test part where the data have one.

    Features are float32 (N, …), the rest being the shape of the node; labels are indices into `classes`, int64 (N,).
    """

    train: NDArray[np.float32]
    train_labels: NDArray[np.int64]
    test: NDArray[np.float32] | None
    test_labels: NDArray[np.int64] | None
    classes: tuple[str, ...]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays by name: `train`, `train_labels`, `test`, `test_labels`."""
        found: dict[str, NDArray[Any]] = {"train": self.train, "train_labels": self.train_labels}
        if self.test is not None and self.test_labels is not None:
            found |= {"test": self.test, "test_labels": self.test_labels}
        return found


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
    such node, N508 where the net has several inputs, N6xx for data that cannot be read or do not fit.
    """
    path = net.labels.get(at, at)
    if path not in net.nodes:
        raise unknown_node(net, at)
    shape = net.nodes[input_name(net)].shape
    split = open_data(data, size=shape, fit=pipeline.resize)
    check_fits(split.train, pipeline, shape)
    fitted = pipeline.fit(split.train.images) if fit else pipeline
    program = compile(replace(net, outputs={at: path}, heads=()), weights, batch=BATCH, threads=threads)

    def of(part: Dataset) -> NDArray[np.float32]:
        rows = [
            np.asarray(program(fitted.apply(part.images[start : start + BATCH])), np.float32)
            for start in range(0, len(part), BATCH)
        ]
        return np.concatenate(rows)

    test = split.test
    if test is not None:
        check_fits(test, fitted, shape)
    return Features(
        of(split.train),
        split.train.labels,
        None if test is None else of(test),
        None if test is None else test.labels,
        split.train.classes,
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
