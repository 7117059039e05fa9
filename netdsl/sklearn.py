"""A net as a classifier of scikit-learn: `NetClassifier(net="lenet5")`, for pipelines, searches and cross-validation.

Needs the extra `sklearn`: `pip install 'netdsl[sklearn]'`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite, prod
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from netdsl.compiler.compile import compile
from netdsl.data.steps import divisor
from netdsl.errors import NetError, fail
from netdsl.graph.freeze import frozen
from netdsl.graph.pattern import Pattern
from netdsl.language.load import load, parse
from netdsl.shapes import Shape, format_shape
from netdsl.training.bare import bare_loss
from netdsl.training.batches import order
from netdsl.training.block.transfer import Transfer
from netdsl.training.loop import input_name, only_input
from netdsl.training.optimise.loss import LABELS
from netdsl.training.optimise.optimiser import Adam
from netdsl.training.optimise.rules import update_of
from netdsl.training.transfer.by_name import take_over

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as cause:
    raise ImportError("`netdsl.sklearn` needs scikit-learn 1.6: pip install 'netdsl[sklearn]'") from cause

if TYPE_CHECKING:
    from netdsl.compiler.program import Program
    from netdsl.graph.net import Net

BATCH = 64
DENSE = """net Dense(features, classes, hidden=64) {
  input x: {features}
  dense(hidden, act=relu)
  out: dense(classes, act=softmax)
}
"""


class NetClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A net that learns to tell classes apart by Adam and cross-entropy.

    `net`: a file, FILE:NET, the name of a net that ships, a `Net`, or None for one hidden layer of 64. Its parameters
    are set by `parameters`; one called `classes` is that of the data where none is given. Each row of X is a vector, or
    the numbers of an image, height by width by channels, as the net's input has them. With `standardize` each column
    has its mean taken off and is divided by its standard deviation plus 0.0001, or by 1 where it is constant. `weights`
    is a weight file or a run to begin with, by name, `freeze` the nodes that then do not learn.

    Fitted: `classes_`, `n_features_in_`, `net_`, `weights_`, `loss_curve_`, the mean loss of each epoch. The same data,
    parameters and `random_state` give the same bits. Raises `NetError` for nets that do not fit the data, and N509 for
    a loss that is not finite.
    """

    def __init__(
        self,
        net: str | Path | Net | None = None,
        *,
        parameters: Mapping[str, object] | None = None,
        epochs: int = 50,
        batch: int = 32,
        lr: float = 0.005,
        decay: float = 0.0,
        standardize: bool = True,
        weights: str | Path | None = None,
        freeze: Sequence[str] = (),
        random_state: Any = None,
        threads: int | None = None,
    ) -> None:
        self.net = net
        self.parameters = parameters
        self.epochs = epochs
        self.batch = batch
        self.lr = lr
        self.decay = decay
        self.standardize = standardize
        self.weights = weights
        self.freeze = freeze
        self.random_state = random_state
        self.threads = threads

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from X (N, …) and the class of each row."""
        X, y = validate_data(self, X, y, dtype=np.float32, allow_nd=True)
        check_classification_targets(y)
        for name in ("epochs", "batch"):
            count = getattr(self, name)
            if not isinstance(count, Integral) or count < 1:
                raise ValueError(f"`{name}` is {count!r}; it must be a whole number from 1")
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError("the data have one class only: a classifier needs at least 2 classes")
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        x = X.reshape(len(X), -1).astype(np.float64)
        self._mean = x.mean(axis=0) if self.standardize else np.zeros(x.shape[1])
        self._scale = divisor(x.std(axis=0)) if self.standardize else np.ones(x.shape[1])
        net = self._made(x.shape[1])
        weights = net.initialise(seed)
        if self.weights is not None:
            take_over(net, weights, Transfer(weights=str(self.weights)))
        self.net_ = frozen(net, [Pattern(p) for p in self.freeze]) if self.freeze else net
        self._check_output()
        self.loss_curve_ = self._learn(weights, self._prepared(X), labels.astype(np.int32), seed)
        self.weights_ = dict(weights)
        self._program: Program | None = self._compiled()
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float32]:
        """The probability of each class, (N, K), in the order of `classes_`."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float32, allow_nd=True, reset=False)
        if self._program is None:
            self._program = self._compiled()
        found = self._program(self._prepared(X))
        y = np.asarray(found if isinstance(found, np.ndarray) else next(iter(found.values())), np.float32)
        y = y.reshape(len(X), -1)
        if self._ends_in_softmax():
            return y
        e = np.exp(y - y.max(axis=1, keepdims=True))
        return np.asarray(e / e.sum(axis=1, keepdims=True), np.float32)

    def predict(self, X: Any) -> NDArray[Any]:
        """The likeliest class of each row."""
        check_is_fitted(self)
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        return state | {"_program": None} if "_program" in state else state

    def _made(self, features: int) -> Net:
        """The net for data of so many columns and classes."""
        from netdsl.graph.net import Net

        if isinstance(self.net, Net):
            return self.net
        given: dict[str, Any] = dict(self.parameters or {})
        if self.net is None:
            return parse(DENSE, **{"features": features, "classes": len(self.classes_), **given})
        net = load(self.net, **given)
        if "classes" in given or _numbers(net) == len(self.classes_):
            return net
        try:
            return load(self.net, classes=len(self.classes_), **given)
        except NetError:  # it has no such parameter
            return net

    def _shape(self) -> Shape:
        advice = "`netdsl train` learns from an array for each input, in an `.npz` file"
        return self.net_.nodes[only_input(self.net_.name, self.net_.inputs, advice)].shape

    def _check_output(self) -> None:
        if _numbers(self.net_) != len(self.classes_):
            words = (
                f"`{self.net_.name}` gives {_numbers(self.net_)} numbers, the data have {len(self.classes_)} classes"
            )
            raise fail("N508", words, help="where the net has a parameter for it, `parameters={'classes': …}` sets it")
        if prod(self._shape()) != len(self._mean):
            columns = f"{len(self._mean)} numbers a row"
            raise fail(
                "N607", f"the input of `{self.net_.name}` is {format_shape(self._shape())}, the data have {columns}"
            )

    def _prepared(self, X: NDArray[Any]) -> NDArray[np.float32]:
        flat = (X.reshape(len(X), -1) - self._mean) / self._scale
        return np.ascontiguousarray(flat.reshape(len(X), *self._shape()), np.float32)

    def _learn(self, weights: Any, x: NDArray[np.float32], labels: NDArray[np.int32], seed: int) -> list[float]:
        net, optimiser = self.net_, Adam(lr=self.lr, decay=self.decay)
        program = compile(
            net,
            weights,
            batch=min(self.batch, len(x)),
            wrt=net.learned,
            loss=bare_loss(net),
            update=update_of(net, optimiser),
            threads=self.threads,
        )
        curve, step, name = [], 0, input_name(net)
        for epoch in range(1, self.epochs + 1):
            total, indices = 0.0, order(len(x), seed, epoch)
            for start in range(0, len(x), program.plan.batch):
                chosen, step = indices[start : start + program.plan.batch], step + 1
                found = program.step(
                    {name: x[chosen], LABELS: labels[chosen]}, step=step, seed=seed, **optimiser.scalars(step)
                )
                loss = float(found["loss"])
                if not isfinite(loss):
                    words = f"the loss is {loss} at step {step}, in epoch {epoch}"
                    raise fail(
                        "N509", words, help="a smaller `lr` often helps; data that are not scaled are another cause"
                    )
                total += loss * len(chosen)
            curve.append(total / len(x))
        return curve

    def _compiled(self) -> Program:
        return compile(self.net_, self.weights_, batch=BATCH, threads=self.threads)

    def _ends_in_softmax(self) -> bool:
        layer = self.net_.nodes[next(iter(self.net_.outputs.values()))].layer
        return "softmax" in {layer.keyword, str(getattr(layer, "act", "")), str(getattr(layer, "name", ""))}


def _numbers(net: Net) -> int:
    """How many numbers the first output has."""
    return prod(net.nodes[next(iter(net.outputs.values()))].shape)
