"""Several trained nets asked together: the mean of what they say is better than the most of them.

score(class) = the mean over nets, and over views of the image, of each one's score          (Hansen and Salamon 1990)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from netdsl.data.image import Fit
from netdsl.errors import fail
from netdsl.files.regular import quoted
from netdsl.shapes import format_shape
from netdsl.training.answers.views import enlarged, views_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from netdsl.compiler.program import Program
    from netdsl.training.answers.trained import TrainedNet
    from netdsl.training.answers.trained_plan import TrainedPlan

BATCH = 16
Shown = Callable[[int, Fit], "NDArray[Any]"]
"""An image, asked for by its channels and the size that it is brought to."""


@dataclass(frozen=True)
class Ensemble:
    """Nets that were trained for the same classes with the same loss, and how many views of an image each is shown.

    Raises `NetError` N528 for nets that do not answer the same question.
    """

    members: tuple[TrainedNet | TrainedPlan, ...]
    views: int = 1
    threads: int | None = None

    def __post_init__(self) -> None:
        first = self.members[0]
        for one in self.members[1:]:
            if one.record.classes != first.record.classes:
                raise self._other("classes", ", ".join(one.record.classes[:3]), ", ".join(first.record.classes[:3]))
            losses = [type(net.objective.main.loss) for net in (one, first)]
            if losses[0] is not losses[1]:
                raise self._other("loss", losses[0].word, losses[1].word)
            places = [format_shape(net.objective.places) for net in (one, first)]
            if places[0] != places[1]:
                raise self._other("masks", *places)
        if self.views > 1 and first.objective.places:
            raise fail("N508", f"`{first.name}` answers with a mask of the whole image: views of parts have no mean")

    def _other(self, what: str, one: str, first: str) -> Exception:
        return fail("N528", f"the nets differ in their {what}: {quoted(one)}, and of the first {quoted(first)}")

    def scores(self, images: Sequence[Shown]) -> NDArray[np.float64]:
        """The mean score of each class, (N, K), or (N, H, W, K) for masks, of images that are asked for one by one.

        Nets that were trained on numbers give these, (N, K). Cross-entropy nets give probabilities, whether or not
        they end in a softmax. Raises `NetError` N508 for a net that takes no images.
        """
        for one in self.members:
            advice = "`netdsl predict RUN ask.npz` asks about arrays, one for each input of the net, under its name"
            if len(one.inputs) != 1:
                inputs = ", ".join(f"`{name}`" for name in one.inputs)
                raise fail("N508", f"`{one.name}` has the inputs {inputs}: one image is not enough", help=advice)
            if len(one.shape) != 3 or one.shape[2] not in (1, 3):
                words = f"the input of `{one.name}` is {format_shape(one.shape)}: images are HxWx1 or HxWx3"
                raise fail("N508", words, help=advice)
        rows, step = [], max(BATCH // self.views, 1)
        for start in range(0, len(images), step):
            said = [self._of(k, images[start : start + step]) for k in range(len(self.members))]
            rows.append(np.mean(said, axis=0))
        return np.concatenate(rows)

    @cached_property
    def _programs(self) -> list[Program]:
        return [one.compiled(BATCH, self.threads) for one in self.members]

    def _of(self, k: int, group: Sequence[Shown]) -> NDArray[np.float64]:
        """The scores of one net, the mean over the views."""
        one = self.members[k]
        height, width, channels = one.pipeline.in_shape(one.shape)
        large = enlarged((height, width), self.views)
        fit = replace(one.pipeline.resize, size=large) if one.pipeline.resize else Fit(large)
        cut = np.concatenate([views_of(shown(channels, fit), (height, width), self.views) for shown in group])
        found = self._programs[k](one.pipeline.apply(cut))
        y = np.asarray(found[one.output] if isinstance(found, dict) else found)
        main = one.objective.main
        said = main.scores(y) if one.record.classes else main.rows(y)
        scores = np.asarray(said, np.float64)
        return np.asarray(scores.reshape(len(group), self.views, *scores.shape[1:]).mean(axis=1))
