"""The name of a checkpoint, filled in from the scores of an epoch: `model.{epoch:02d}-{val_loss:.2f}`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from netdsl.errors import Fault, fail

if TYPE_CHECKING:
    from netdsl.errors import Span
    from netdsl.training.scores.progress import Epoch

FIELD = re.compile(r"\{([A-Za-z][A-Za-z0-9_]*)(?::([0-9]{0,3}(?:\.[0-9]{1,2})?[defg]?))?\}")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=+,@-]*")
INTEGERS = ("epoch", "steps")
SUFFIX = ".safetensors"
LONGEST = 200
TAKEN = ("weights", "best")
"""Names of files in the folder of a run, whatever their case: some disks do not tell it apart."""


@dataclass(frozen=True)
class Template:
    """A file name with fields in braces: `epoch`, `steps`, and scores, each with a format such as `02d` or `.2f`.

    Nothing but these is understood: no attribute, no index, no expression. Raises `Fault` N507 for a text that is none,
    for a format that does not fit its field, and for the name of a file that every run may have.
    """

    text: str
    span: Span | None = field(default=None, compare=False, repr=False)
    """Where it was given."""

    def __post_init__(self) -> None:
        for name, form in FIELD.findall(self.text):
            if form.endswith("d") and name not in INTEGERS:
                raise Fault("N507", f"`{name}` in `checkpoint` is no integer: write `{{{name}:.2f}}`")
        rest = FIELD.sub("0", self.text)
        if not NAME.fullmatch(rest) or len(self.text) > LONGEST:
            raise Fault(
                "N507",
                f"`checkpoint` is the name of a file, with fields such as `{{epoch:02d}}`, not `{self.text[:80]}`",
                help="letters, digits and `._=+,@-` stand between the fields; the file goes into the folder of the run",
            )
        if self.text.removesuffix(SUFFIX).casefold() in TAKEN:
            raise Fault(
                "N507",
                f"`checkpoint` is not the name `{self.text}`, which another file in the folder of a run has",
                help='a name such as "model.{epoch:02d}"; `checkpoint best` keeps the weights of the best epoch',
            )

    def check(self, scores: Sequence[str]) -> None:
        """`NetError` N507 for a field that is none of the numbers of an epoch."""
        known = (*INTEGERS, *scores)
        for name, _ in FIELD.findall(self.text):
            if name not in known:
                there = ", ".join(f"`{number}`" for number in known)
                words = f"`checkpoint` has the field `{name}`, which there is not: there are {there}"
                raise fail("N507", words, span=self.span)

    def file(self, epochs: Sequence[Epoch]) -> str:
        """The name of the file for the last of these epochs."""
        last = epochs[-1]
        return self.fill({"epoch": last.number, "steps": last.steps, **last.scores()})

    def fill(self, numbers: Mapping[str, float]) -> str:
        """The name for these numbers, with the ending of a weight file where it has none."""
        name = FIELD.sub(lambda found: format(numbers[found[1]], found[2] or ""), self.text)
        return name if name.endswith(SUFFIX) else name + SUFFIX

    def __str__(self) -> str:
        return f'"{self.text}"'
