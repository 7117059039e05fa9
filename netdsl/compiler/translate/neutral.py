"""Neutral choices: other ways to run a step that give the same bits, and may be faster on this machine or that.

    conv            task_rows, task_panels: pixels and panels of a task
    conv_winograd   staged; block: tiles of a fused block

A choice is a tuple of (field, value); the empty one is the default, which follows from shapes alone. What is chosen
here never changes a bit (DESIGN: neutral choices), and a test runs every one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from netdsl.compiler.layout import LANES
from netdsl.compiler.translate.product import MOST_STAGED, staged_points, winograd_tiles, with_staging
from netdsl.compiler.translate.step import Step

Choice = tuple[tuple[str, int], ...]

DEFAULT: Choice = ()
KNOBS = ("staged", "block", "task_rows", "task_panels")
BATCHED = ("chunks", "chunk_rows")
BLOCKS = (14, 28, 56, 112)
ROWS = (28, 56, 112, 224)
PANELS = (2, 4, 8, 16)


def signature(kernel: str, fields: Mapping[str, int | float]) -> str:
    """What a step does to one image, as text: its kernel and fields, but for neutral ones and those of the batch."""
    kept = {name: n for name, n in fields.items() if n and name not in KNOBS and name not in BATCHED}
    return " ".join([kernel, *(f"{name}={n}" for name, n in sorted(kept.items()))])


def alternatives(step: Step, batch: int) -> tuple[Choice, ...]:
    """Every choice that a step has, the default first; that alone where there is nothing to choose."""
    if step.kernel == "conv":
        return (DEFAULT, *_tasks(step, batch))
    if step.kernel == "conv_winograd" and not step.fields["fresh"]:
        return (DEFAULT, *_blocks(step, batch))
    return (DEFAULT,)


def _tasks(step: Step, batch: int) -> list[Choice]:
    pixels = batch * int(step.fields["out_d"]) * int(step.fields["out_h"]) * int(step.fields["out_w"])
    panels = -(-int(step.fields["out_c"]) // int(step.fields["groups"]) // LANES)
    rows: list[Choice] = [(("task_rows", n),) for n in ROWS if n < pixels]
    parts: list[Choice] = [(("task_panels", n),) for n in PANELS if n <= panels]
    return rows + parts + [rows[-1] + part for part in parts if rows]


def _blocks(step: Step, batch: int) -> list[Choice]:
    tiles = winograd_tiles(step, batch)
    may_stage = step.fields["staged"] or staged_points(step, batch) <= MOST_STAGED
    other: list[Choice] = [(("staged", 1 - int(step.fields["staged"])),)] if may_stage else []
    return other + [(("staged", 0), ("block", n)) for n in BLOCKS if n < tiles]


def chosen(step: Step, choice: Choice, batch: int) -> Step:
    """The step with a choice applied."""
    fields = dict(choice)
    if "staged" in fields and fields["staged"] != step.fields["staged"]:
        step = with_staging(step, bool(fields["staged"]), batch)
    return replace(step, fields={**step.fields, **fields}) if fields else step


def words(choice: Choice) -> str:
    """A choice for people."""
    if not choice:
        return "by the rule"
    values = dict(choice)
    found = ["in stages" if values["staged"] else "in blocks of tiles"] if "staged" in values else []
    if "block" in values:
        found = [f"in blocks of {values['block']} tiles"]
    found += [f"{values['task_rows']} pixels a task"] if "task_rows" in values else []
    found += [f"{values['task_panels'] * LANES} channels a task"] if "task_panels" in values else []
    return ", ".join(found)
