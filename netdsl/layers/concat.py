"""`concat`: values side by side along one axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from netdsl.errors import Fault
from netdsl.layers.activation import activate, activate_lowered
from netdsl.layers.base import arg, inner_shape
from netdsl.layers.merge import Merge
from netdsl.shapes import Shape, checked, format_shape

if TYPE_CHECKING:
    from netdsl.layers.base import Array
    from netdsl.ops.op import Build, Value


@dataclass(frozen=True)
class Concat(Merge, keyword="concat"):
    """The operands one after another along `axis`, by default the channels.

    With `fit=pad` this is DepthConcat (Szegedy et al. 2014): the largest height and width win, and the smaller maps are
    padded with zeros.
    """

    axis: int = arg("count", "axis, counted without the batch; negative from the end", default=-1, keyword_only=True)

    examples = (
        ("concat", ((3, 4, 2), (3, 4, 5))),
        ("concat(fit=pad)", ((4, 4, 2), (9, 5, 3))),
        ("concat(fit=crop, act=relu)", ((4, 4, 2), (9, 5, 3))),
        ("concat(axis=0)", ((3, 4), (2, 4), (1, 4))),
    )

    def position(self, xs: Sequence[Shape]) -> int:
        """The axis from the front; raises `Fault` N309."""
        rank = len(xs[0])
        if not -rank <= self.axis < rank:
            raise Fault("N309", f"`axis={self.axis}` of `concat` is not an axis of {format_shape(xs[0])}", "axis")
        return self.axis % rank

    def out_shape(self, *xs: Shape) -> Shape:
        axis = self.position(xs)
        fitted = self.fitted(xs)
        for k, x in enumerate(fitted):
            if len(x) != len(fitted[0]) or any(
                a != b for i, (a, b) in enumerate(zip(x, fitted[0], strict=True)) if i != axis
            ):
                raise self._mismatch(xs, k)
        total = checked(sum(x[axis] for x in fitted), "the size of `concat`")
        return (*fitted[0][:axis], total, *fitted[0][axis + 1 :])

    def _mismatch(self, xs: Sequence[Shape], k: int) -> Fault:
        shown = f"{format_shape(xs[0])} and {format_shape(xs[k])}"
        facts = tuple((f"operand {i + 1}", format_shape(x)) for i, x in enumerate(xs))
        spatial = len({len(x) for x in xs}) == 1 and len(xs[0]) > 1 and self.position(xs) == len(xs[0]) - 1
        changes = ({"fit": "crop"}, {"fit": "pad"}) if spatial else ()
        return Fault("N308", f"`concat` cannot join {shown}", operand=k, facts=facts, changes=changes)

    def forward(self, xs: Sequence[Array], p: Mapping[str, Array], *, training: bool = False) -> Array:
        import numpy as np

        inner = [x.shape[1:] for x in xs]
        fitted = [self.fit_array(x, s) if x.shape[1:] != s else x for x, s in zip(xs, self.fitted(inner), strict=True)]
        return activate(self.act, np.concatenate(fitted, axis=1 + self.position(inner)))

    def lower(self, build: Build, *x: Value) -> Value:
        inner = [inner_shape(v) for v in x]
        fitted = [self.fit_value(build, v, s) for v, s in zip(x, self.fitted(inner), strict=True)]
        return activate_lowered(build, self.act, build.add("concat", *fitted, axis=self.position(inner)))
