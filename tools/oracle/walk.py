"""What a specification must give, by walking: windows are placed one after the other, pixels marked one by one.

Nothing here is shared with netdsl, and there is no formula: only positions, and steps from one to the next.
"""

from __future__ import annotations

from itertools import count

from oracle.spec import Spec

MOST_PAD = 2**20

# A shape; or None, with the codes of all that is wrong.
Verdict = tuple[tuple[int, ...] | None, set[str]]


def expected(spec: Spec) -> Verdict:
    """The output's shape, or None with the codes of all that is wrong with the specification."""
    wrong = _wrong_arguments(spec)
    if wrong:
        return None, wrong
    if not spec.is_pool and (spec.shape[-1] % spec.groups or spec.filters % spec.groups):
        wrong.add("N305")
    axes = [_Axis(spec, axis) for axis in range(spec.rank)]
    for axis in axes:
        wrong |= axis.wrong(spec)
    sizes = [axis.size(spec) for axis in axes]
    if any(size < 1 for size in sizes):
        wrong.add("N301")
    if wrong:
        return None, wrong
    return (*sizes, spec.shape[-1] if spec.is_pool else spec.filters), set()


def _wrong_arguments(spec: Spec) -> set[str]:
    """What can be said before any window is placed."""
    wrong: set[str] = set()
    numbers = [("kernel", 1), ("stride", 1), ("dilation", 1), ("groups", 1), ("filters", 1), ("output_pad", 0)]
    for name, low in [*numbers, ("pad", 0)]:
        value = getattr(spec, name)
        given = value if isinstance(value, tuple) else (value,)
        if any(isinstance(n, int) and n < low for n in given):
            wrong.add("N208")
        if name == "pad" and any(isinstance(n, int) and n > MOST_PAD for n in given):
            wrong.add("N208")
    if not 1 <= spec.rank <= 3:
        return wrong | {"N302"}
    for name in ("kernel", "stride", "dilation", "output_pad"):
        value = getattr(spec, name)
        if isinstance(value, tuple) and len(value) != spec.rank:
            wrong.add("N303")
    if isinstance(spec.pad, tuple) and len(spec.pad) not in (spec.rank, 2 * spec.rank):
        wrong.add("N304")
    if spec.pad == "causal" and spec.rank != 1:
        wrong.add("N304")
    return wrong


class _Axis:
    """One axis of a specification: its numbers, and its padding before and after."""

    def __init__(self, spec: Spec, axis: int) -> None:
        def along(value: object) -> int:
            chosen = value[axis] if isinstance(value, tuple) else value
            assert isinstance(chosen, int)
            return chosen

        self.input = spec.shape[axis]
        self.kernel = along(spec.kernel)
        self.stride = along(spec.steps)
        self.dilation = along(spec.dilation)
        self.output_pad = along(spec.output_pad)
        taps = [tap * self.dilation for tap in range(self.kernel)]
        self.reach = taps[-1]
        if isinstance(spec.pad, tuple):
            sides = spec.pad if len(spec.pad) == 2 * spec.rank else [p for p in spec.pad for _ in range(2)]
            self.before, self.after = sides[2 * axis], sides[2 * axis + 1]
        elif isinstance(spec.pad, int):
            self.before = self.after = spec.pad
        elif spec.pad == "causal":
            self.before, self.after = self.reach, 0
        elif spec.pad == "same":
            self.before, self.after = self._even_cut() if spec.layer == "conv_transpose" else self._same()
        else:
            self.before = self.after = 0

    def wrong(self, spec: Spec) -> set[str]:
        """Padding that does not apply along this axis."""
        if spec.is_pool and spec.pad != "same" and max(self.before, self.after) >= self.kernel:
            return {"N304"}
        if spec.layer == "conv_transpose":
            if self.output_pad and self.output_pad not in range(max(self.stride, self.dilation)):
                return {"N304"}
            if self.before not in range(self._spread()):
                return {"N301"}
        return set()

    def size(self, spec: Spec) -> int:
        """The size of the output along this axis."""
        if spec.layer != "conv_transpose":
            return self._windows(self.input + self.before + self.after, ceil=spec.ceil)
        if spec.pad == "same":
            return len(range(self.input * self.stride)) + self.output_pad
        return self._spread() + self.output_pad - self.before - self.after

    def _windows(self, padded: int, *, ceil: bool = False) -> int:
        """Windows that fit between 0 and `padded`.

        With `ceil` one may hang over the end by less than a stride, if it begins in the image or in front of it.
        """
        for placed, start in enumerate(count(0, self.stride)):
            over = start + self.reach - (padded - 1)
            if over > 0 and not (ceil and over < self.stride and start < self.before + self.input):
                return placed
        raise AssertionError("windows without end")

    def _same(self) -> tuple[int, int]:
        """The least padding for which there is a window at every stride of the image; the odd pixel goes after."""
        wanted = len(range(0, self.input, self.stride))
        total = next(total for total in count() if self._windows(self.input + total) >= wanted)
        return total // 2, total - total // 2

    def _spread(self) -> int:
        """One past the last pixel that any tap of any input pixel marks."""
        marks = {at * self.stride + tap * self.dilation for at in range(self.input) for tap in range(self.kernel)}
        return max(marks) + 1

    def _even_cut(self) -> tuple[int, int]:
        """What `same` cuts off: all beyond a stride for each input pixel; the odd pixel goes after."""
        cut = max(0, self._spread() - len(range(self.input * self.stride)))
        return cut // 2, cut - cut // 2
