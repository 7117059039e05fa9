"""A whole training, from a net to the folder of its run: what `netdsl train` does, for Python."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from netdsl.data.open import open_inputs
from netdsl.errors import fail
from netdsl.files.atomic import replace_text
from netdsl.graph.weights import Weights
from netdsl.language.library import SHIPPED
from netdsl.training import loop
from netdsl.training.block.settings import Settings, read_settings
from netdsl.training.block.transfer import told
from netdsl.training.job import Job, P
from netdsl.training.keeping.checkpoint import Checkpoint, build, checkpoints, no_checkpoint
from netdsl.training.keeping.lock import RunLock
from netdsl.training.keeping.run_folder import TRANSFER, check_empty, named_folder, new_folder
from netdsl.training.memory import check_memory
from netdsl.training.outcome import Session
from netdsl.training.programs import Programs, compiled
from netdsl.training.recipes.contest import RECIPE, contest_of, stored_contest
from netdsl.training.scores.tensorboard import TensorBoard, writer_class
from netdsl.training.stored import check_unchanged, newest, stored_task
from netdsl.training.terms import PLAIN, Terms
from netdsl.training.transfer.by_name import Report, take_over
from netdsl.training.transfer.chain import CHAIN, check_chain
from netdsl.training.transfer.stages import STAGES, Runs, first_stage, resume_stages, train_stages

if TYPE_CHECKING:
    from netdsl.errors import Diagnostic
    from netdsl.graph.net import Net, Setting
    from netdsl.training.keeping.state import State


@dataclass(frozen=True, eq=False)
class Ready:
    """A training before its first step; nothing was written yet. `report` tells of weights that were taken over."""

    task: loop.Task
    programs: Programs
    report: Report | None


def ready(net: Net, overrides: Iterable[Setting] = (), terms: Terms = PLAIN, *, strict: bool = False) -> Ready:
    """Everything that a training needs, or the first stage of one, checked and compiled; all as for `train_net`."""
    net, overrides = first_stage(net, tuple(overrides), progress=terms.progress)
    settings = read_settings(net.settings, overrides)
    task = _task(net, settings)
    weights = task.net.initialise(settings.seed)
    report = take_over(task.net, weights, settings.transfer, strict=strict) if settings.transfer.weights else None
    for pattern in settings.transfer.fresh:
        pattern.nodes(task.net)
    for line in report.lines() if report else ():
        terms.progress.note(line)
    programs = compiled(task, threads=terms.threads, weights=weights, memory=terms.memory)
    check_memory(programs)
    return Ready(task, programs, report)


def train_net(
    net: Net,
    overrides: Iterable[Setting] = (),
    terms: Terms = PLAIN,
    *,
    out: Path | None = None,
    strict: bool = False,
) -> Session:
    """Train a net as its `train` block says, `overrides` winning, into `out` or a new folder `runs/NAME`.

    `strict` refuses weights to begin with that are not finite. Where the settings have `stages`, each is a run in the
    folder, and the last is what is given back.

    Everything is checked, and the net compiled, before the folder is made. Raises `NetError`: N506 to N508 for
    settings, N6xx for data that cannot be read or do not fit, N7xx for arguments of the engine and memory that is not
    there, N505, N510, N534 and N535 for the folder, N509 for a step that is not finite, N513 for a package that is
    missing, N520 to N526 for what is taken over, cut off and frozen.
    """
    overrides = tuple(overrides)
    _check_boards(terms)
    if any(line.name == STAGES for line in (*net.settings, *overrides)):
        return train_stages(
            net, overrides, terms, Runs(partial(train_net, strict=strict), resume), partial(_folder, net, out)
        )
    made = ready(net, overrides, terms, strict=strict)
    task = made.task
    folder = _folder(net, out)
    with RunLock(folder):
        check_empty(folder)
        for line in (*told(task.net, task.settings.transfer), *([f"masks {task.cropped}"] if task.cropped else [])):
            terms.progress.note(line)
        if made.report:
            replace_text(folder / TRANSFER, made.report.as_csv())
        return _run(task, made.programs, folder, terms)


def train_together(
    nets: Sequence[Net], overrides: Iterable[Setting] = (), terms: Terms = PLAIN, *, out: Path | None = None
) -> Session:
    """Train the nets of one `train` block as its `recipe` says, into `out` or a new folder `runs/NAME`.

    `gan` takes two: the generator, then the discriminator. A setting that names one of them, `optimizer
    Discriminator=adam(lr=2e-4)`, is that net's alone.

    Raises `NetError`: N529 for nets that do not fit the recipe, else as `train_net`.
    """
    _check_boards(terms)
    contest = contest_of(nets, overrides)
    weights = contest.pair.initialise(contest.settings.seed)
    programs = contest.compiled(weights, threads=terms.threads, memory=terms.memory)
    check_memory(programs)
    folder = _folder(nets[0], out)
    with RunLock(folder):
        check_empty(folder)
        return _run(contest, programs, folder, terms)


def resume(
    folder: Path,
    nets: Sequence[Net] = (),
    overrides: Iterable[Setting] = (),
    terms: Terms = PLAIN,
    *,
    override: bool = False,
    warn: Callable[[Sequence[Diagnostic]], None] | None = None,
) -> Session:
    """Go on with the run in a folder, from its newest checkpoint that is whole; it ends as if it had never stopped.

    Nets and settings are those of the checkpoint; `overrides` win. With `nets`, one or those that are trained together,
    their `train` block and `overrides` say all, as for a new run. What then differs from the checkpoint is refused,
    unless `override` is set. `warn` hears of checkpoints that are damaged. A folder of `stages` goes on in the stage
    that it was in, and with those after it, as it was begun.

    Raises `NetError` as `train_net`, and N530 without a checkpoint, N531 and N532 where none can be used, N533 where
    something differs.
    """
    _check_boards(terms)
    if (folder / CHAIN).exists():
        overrides = tuple(overrides)
        check_chain(folder, changed=bool(nets or overrides))
        return resume_stages(folder, terms, Runs(train_net, partial(resume, override=override, warn=warn)))
    if not checkpoints(folder):
        raise no_checkpoint(folder)
    with RunLock(folder):
        checkpoint, warnings = newest(folder)
        if warn and warnings:
            warn(warnings)
        record = checkpoint.record
        if len(nets) > 1 if nets else RECIPE in record.settings:
            contest = contest_of(nets, overrides) if nets else stored_contest(folder, record, overrides)
            return _go_on(contest, checkpoint, folder, terms, override=override)
        if nets:
            task = _task(nets[0], read_settings(nets[0].settings, overrides))
        else:
            task = _task(*stored_task(folder, record, overrides))
        return _go_on(task, checkpoint, folder, terms, override=override)


def _go_on(task: Job[P], checkpoint: Checkpoint, folder: Path, terms: Terms, *, override: bool) -> Session:
    """Go on with a job at a checkpoint, unless it is another one."""
    if not override:
        check_unchanged(folder, checkpoint, task.record(), build())
    weights, held = Weights(checkpoint.tensors), sum(a.nbytes for a in checkpoint.tensors.values())
    checkpoint.tensors.clear()  # they were copied
    programs = task.compiled(weights, threads=terms.threads, memory=terms.memory)
    check_memory(programs, held=held)
    terms.progress.note(f"going on after step {checkpoint.state.step} of {task.steps}")
    return _run(task, programs, folder, terms, checkpoint.state)


def _run(task: Job[P], programs: P, folder: Path, terms: Terms, state: State | None = None) -> Session:
    """Run a job in a folder whose lock is held."""
    progress = TensorBoard(folder, terms.progress) if terms.boards else terms.progress
    done = loop.train(
        task, programs, folder=folder, progress=progress, every=terms.every, limit=terms.limit, state=state
    )
    recipe = task.record().settings.get(RECIPE, "")
    return Session(folder, done.epochs, done.steps, done.exit_code, done.stopped, recipe)


def _check_boards(terms: Terms) -> None:
    """`NetError` N513, before anything else is done, where what writes for TensorBoard is missing."""
    if terms.boards:
        writer_class()


def _folder(net: Net, out: Path | None) -> Path:
    """The folder that was asked for, or a new one."""
    return named_folder(out) if out else new_folder(run_name(net))


def run_name(net: Net) -> str:
    """The name of the net's file without its ending."""
    return PurePosixPath(net.main.removeprefix(SHIPPED)).stem


def _task(net: Net, settings: Settings) -> loop.Task:
    """The net as it is trained, and the data; `NetError` N523 where nothing learns."""
    net = settings.transfer.edited(net)
    if not net.learned:
        advice = "`unfreeze` names what learns; `netdsl features` runs a net as it is"
        raise fail("N523", f"no layer of `{net.name}` learns: nothing is left to train", help=advice)
    fit = loop.for_inputs(net, settings.pipeline).resize
    data = open_inputs(settings.data, loop.inputs_of(net), loop.outputs_of(net), loop.heads_of(net), fit=fit)
    return loop.prepare(net, settings, data.train, data.validation)
