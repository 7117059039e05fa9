"""Stages: one training after another, each with the weights of the one before and with settings of its own.

```
train Celebrities {
  weights "runs/faces"; fresh "out"; freeze "**"
  stages  top(unfreeze="out", epochs=3, lr=0.01), upper(unfreeze=["block4", "out"], epochs=9, lr=0.001)
}
```
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import rmtree
from time import monotonic
from typing import TYPE_CHECKING

from netdsl.errors import escape, fail
from netdsl.files.regular import quoted
from netdsl.graph.net import Setting
from netdsl.layers.values import Applied, format_value
from netdsl.training.block.override import plain_override
from netdsl.training.block.settings import read_settings
from netdsl.training.keeping.lock import RunLock
from netdsl.training.keeping.run_folder import check_empty
from netdsl.training.transfer.chain import Chain, read_chain, write_chain

if TYPE_CHECKING:
    from netdsl.graph.net import Net
    from netdsl.training.outcome import Session
    from netdsl.training.scores.progress import Progress
    from netdsl.training.terms import Terms

STAGES = "stages"
FIRST = ("weights", "map", "fresh")
"""Settings of the beginning, which hold for the first stage alone."""
SHARED = ("data", "validation", "seed", "pop", "append", *FIRST, STAGES)
"""Settings that are those of all stages, or of the first."""
SHORT = {"lr": "optimizer.lr"}


@dataclass(frozen=True)
class Runs:
    """How one stage is trained, as `train_net` does it, and how it goes on, as `resume` does it."""

    train: Callable[..., Session]
    resume: Callable[..., Session]


@dataclass(frozen=True)
class Stage:
    """The name of a stage, and the settings that it has beside those of the block."""

    name: str
    lines: tuple[Setting, ...]


def stages_of(lines: Iterable[Setting]) -> tuple[Stage, ...]:
    """The stages of the last `stages` line; none without one. Raises `NetError` N507 for what is no stage."""
    given = [line for line in lines if line.name == STAGES]
    source = given[-1].span.source if given and given[-1].span else None
    return _distinct([_stage(line) for line in given if not line.span or line.span.source is source], given)


def train_stages(net: Net, overrides: Sequence[Setting], terms: Terms, run: Runs, make: Callable[[], Path]) -> Session:
    """Train stage by stage, into `1-NAME`, `2-NAME`, … in the folder that is made.

    All settings are read before. A stage that was stopped is the last; the limit of time is for all together. Raises as
    `train_net`.
    """
    stages = stages_of([*net.settings, *overrides])
    plans = []
    for k, stage in enumerate(stages):
        block, lines = _of_stage(net, overrides, stage, first=k == 0)
        settings = read_settings(block, lines)
        settings.transfer.edited(net)
        plans.append((stage.name, settings.texts()))
    chain, folder = Chain(replace(net, settings=()), tuple(plans)), make()
    with RunLock(folder):
        check_empty(folder)
        write_chain(folder, chain)
        return _go_on(folder, chain, terms, run)


def first_stage(net: Net, overrides: Sequence[Setting], *, progress: Progress) -> tuple[Net, Sequence[Setting]]:
    """The net and the settings of the first stage, by which a training of several is tried out; else those given."""
    stages = stages_of([*net.settings, *overrides])
    if not stages:
        return net, overrides
    progress.note(f"stage 1/{len(stages)}: {stages[0].name}")
    block, lines = _of_stage(net, overrides, stages[0], first=True)
    return replace(net, settings=block), lines


def resume_stages(folder: Path, terms: Terms, run: Runs) -> Session:
    """Go on with a chain in the stage that it was in, and with those that follow it.

    Raises `NetError` as `resume`, and N531 where what is kept of the chain cannot be used.
    """
    with RunLock(folder):
        return _go_on(folder, read_chain(folder), terms, run)


def _go_on(folder: Path, chain: Chain, terms: Terms, run: Runs) -> Session:
    """The stages from the last one that has a checkpoint on."""
    start, begun = monotonic(), chain.begun(folder)
    done: Session | None = None
    for k in range(max(begun, 0), len(chain.stages)):
        out = chain.folder(folder, k)
        terms.progress.note(f"stage {k + 1}/{len(chain.stages)}: {chain.stages[k][0]}")
        left = None if terms.limit is None else max(terms.limit - (monotonic() - start), 1e-3)
        within = replace(terms, limit=left)
        if k == begun:
            done = run.resume(out, terms=within)
        else:
            _clear(out)
            lines = chain.lines(k)
            if k:
                lines = (*lines, plain_override("weights", str(chain.folder(folder, k - 1)), option=STAGES))
            done = run.train(chain.net, lines, within, out=out)
        if done.stopped or done.exit_code:
            break
    assert done is not None
    return replace(done, chain=folder)


def _clear(folder: Path) -> None:
    """Remove what a stage wrote that was ended before its first checkpoint."""
    try:
        rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise fail("N505", f"{quoted(folder)} cannot be removed: {reason}") from None


def _of_stage(
    net: Net, overrides: Sequence[Setting], stage: Stage, *, first: bool
) -> tuple[tuple[Setting, ...], tuple[Setting, ...]]:
    """The lines of the block and those that win over them."""
    left_out = (STAGES,) if first else (STAGES, *FIRST)
    block = tuple(line for line in net.settings if line.name not in left_out)
    return block, (*(line for line in overrides if line.name not in left_out), *stage.lines)


def _stage(line: Setting) -> Stage:
    call = line.steps[0] if len(line.steps) == 1 and not line.key else None
    if not isinstance(call, Applied) or call.arguments or not call.keywords:
        shown = escape(format_value(line.steps[0])) if line.steps else ""
        words = f'a stage is a name and its settings, `top(unfreeze="out", epochs=3, lr=0.01)`, not `{shown}`'
        raise fail("N507", words, span=line.span)
    for name in call.keywords:
        if name in SHARED:
            words = f"`{name}` is the same in all stages: it stands beside `stages`"
            raise fail("N507", f"stage `{escape(call.name)}`: {words}", span=line.span)
    values = [
        Setting(SHORT.get(name, name), "", (value,), line.span)
        for name, given in call.keywords.items()
        for value in (given if isinstance(given, list | tuple) else [given])
    ]
    return Stage(call.name, tuple(values))


def _distinct(stages: list[Stage], lines: Sequence[Setting]) -> tuple[Stage, ...]:
    names = [stage.name for stage in stages]
    twice = next((name for k, name in enumerate(names) if name in names[:k]), None)
    if twice is not None:
        raise fail("N507", f"two stages are called `{escape(twice)}`", span=lines[-1].span)
    return tuple(stages)
