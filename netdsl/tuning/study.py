"""A study: trainings with settings that Optuna proposes, kept in a journal that several processes may share.

Each trial is a whole training with a run folder of its own. After every epoch its score is reported, and a trial that
does worse than others did by then is pruned (Hyperband: Li et al. 2018). What is proposed is a function of the seed,
the number of the trial, and the trials that had ended (`tpe`: Bergstra et al. 2011).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netdsl.errors import NetError, fail
from netdsl.files.regular import quoted
from netdsl.graph.net import Net, Setting
from netdsl.training.block.override import parse_override
from netdsl.training.block.settings import read_settings
from netdsl.training.scores.progress import Epoch, Silent
from netdsl.training.session import ready, train_net
from netdsl.training.terms import Terms
from netdsl.tuning.space import Dimension

SAMPLERS = ("tpe", "random")
PRUNERS = ("hyperband", "none")
FALLS = ("loss", "mse", "mae")
"""Scores whose names end so are better the smaller they are."""
NOT_FINITE = "N509"
Load = Callable[[dict[str, str]], Net]


@dataclass(frozen=True)
class Search:
    """What a study is told. `metric` is a score of an epoch, such as `val_accuracy`; `load` gives the net for
    parameters as text; `same` is what all trials have in common, by name.
    """

    name: str
    load: Load
    overrides: tuple[Setting, ...]
    space: tuple[Dimension, ...]
    same: Mapping[str, str]
    metric: str = "val_accuracy"
    sampler: str = "tpe"
    pruner: str = "hyperband"
    epochs: int = 10
    seed: int = 1
    threads: int | None = None

    def task(self, values: Mapping[str, str]) -> tuple[Net, tuple[Setting, ...]]:
        """The net and the settings of a training with these values. Raises `NetError`."""
        parameters = {d.name: values[d.name] for d in self.space if not d.is_setting}
        texts = (f"{d.name}={values[d.name]}" for d in self.space if d.is_setting)
        return self.load(parameters), (
            *self.overrides,
            *(s for text in texts for s in parse_override(text, option="tune")),
        )

    @property
    def rises(self) -> bool:
        """Whether a larger score is a better one."""
        return not self.metric.endswith(FALLS)


@dataclass(frozen=True)
class Trial:
    """What became of one trial: `complete`, `pruned`, `fail` or `running`; its score is None where it has none."""

    number: int
    state: str
    score: float | None
    values: dict[str, str]
    epochs: int


def run_study(
    search: Search, path: Path, trials: int, *, told: Callable[[Trial], None] = lambda _: None
) -> tuple[Trial, ...]:
    """Begin trials until the study in the journal `path` has so many, and give all of them, in order.

    A study that is there is gone on with; other processes may work on it at the same time. Trials that a process on
    this machine left behind when it died are marked as failed, and made up for. Run folders lie beside the journal, in
    `NAME.runs`. A trial whose loss is not finite fails, and the search goes on; one that a signal ends fails, and with
    it ends the search: `KeyboardInterrupt` with the number of the signal. Before the journal is made the first values
    of all dimensions, and then each value of one, are tried out.

    Raises `NetError`: N540 for a score that there is not, N541 where Optuna is not installed, N542 for a journal that
    cannot be used or is of another search, else as `train_net` and the loading of the net.
    """
    optuna = _optuna()
    if not path.exists():
        _check(search)
    study = _open(optuna, search, path)
    _bury(optuna, study)
    while len(_counted(study)) < trials:
        trial = study.ask()
        study.sampler = _sampler(optuna, search, trial.number)
        trial.set_user_attr("process", _process())
        _try(optuna, study, trial, search, path)
        told(_trial_of(study, trial.number))
    return tuple(_as_trial(found) for found in study.get_trials())


def best_of(search: Search, trials: Iterable[Trial]) -> Trial | None:
    """The best trial that was carried to its end."""
    done = [trial for trial in trials if trial.state == "complete" and trial.score is not None]
    return min(done, key=lambda t: (-t.score if search.rises else t.score, t.number), default=None)  # type: ignore[operator]


class _Reporting(Silent):
    """Tells Optuna the score of each epoch, and ends the training where it says so."""

    def __init__(self, optuna: Any, trial: Any, metric: str) -> None:
        self.optuna, self.trial, self.metric = optuna, trial, metric
        self.scores: list[float] = []

    def epoch(self, epoch: Epoch) -> None:
        score = epoch.scores()[self.metric]
        self.scores.append(score)
        self.trial.report(score, epoch.number)
        if self.trial.should_prune():
            raise self.optuna.TrialPruned


def _check(search: Search) -> None:
    """A search whose first trial cannot be carried out is refused, and so is a value that no net or setting takes."""
    first = {dimension.name: dimension.texts[0] for dimension in search.space}
    scores = ready(*search.task(first), Terms(threads=search.threads)).task.scores
    if search.metric not in scores:
        there = ", ".join(f"`{name}`" for name in scores)
        raise fail("N540", f"this training has no score `{search.metric}`: there are {there}")
    for dimension in search.space:
        for text in dimension.texts[1:]:
            net, lines = search.task(first | {dimension.name: text})
            read_settings(net.settings, lines)


def _try(optuna: Any, study: Any, trial: Any, search: Search, path: Path) -> None:
    """One training, and its end told to the study, whatever it is."""
    states = optuna.trial.TrialState
    reporting = _Reporting(optuna, trial, search.metric)
    try:
        net, lines = search.task({dimension.name: dimension.suggest(trial) for dimension in search.space})
        folder = path.with_name(f"{path.stem}.runs") / f"{trial.number:04}"
        done = train_net(net, lines, Terms(threads=search.threads, progress=reporting), out=folder)
        if done.stopped:  # by a signal: what was asked to end is the study, not this trial alone
            raise KeyboardInterrupt(done.exit_code - 128)
    except optuna.TrialPruned:
        study.tell(trial, state=states.PRUNED)
    except NetError as error:
        study.tell(trial, state=states.FAIL)
        if error.code != NOT_FINITE:
            raise
    except BaseException:
        study.tell(trial, state=states.FAIL)
        raise
    else:
        study.tell(trial, reporting.scores[-1])


def _open(optuna: Any, search: Search, path: Path) -> Any:
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    searched = {d.name: f"{d.kind}{d.values}" for d in search.space}
    description = dict(search.same) | searched | {"metric": search.metric}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        study = optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(path))),
            study_name=search.name,
            sampler=_sampler(optuna, search, 0),
            pruner=_pruner(optuna, search),
            direction="maximize" if search.rises else "minimize",
            load_if_exists=True,
        )
        before = study.user_attrs.get("search")
    except (OSError, ValueError, KeyError, optuna.exceptions.OptunaError) as error:
        raise fail("N542", f"{quoted(path)} cannot be used as the journal of a study: {error}") from None
    if before is None:
        study.set_user_attr("search", description)
    elif before != description:
        other = sorted(name for name in {*before, *description} if before.get(name) != description.get(name))
        differs = f"it differs in {', '.join(f'`{name}`' for name in other)}"
        raise fail("N542", f"{quoted(path)} holds another search: {differs}", help="give `--study` another file")
    return study


def _sampler(optuna: Any, search: Search, number: int) -> Any:
    """The sampler of one trial: its random stream follows from the seed and the number of the trial."""
    seed = (search.seed * 1_000_003 + number) % 2**31
    if search.sampler == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    return optuna.samplers.TPESampler(seed=seed)


def _pruner(optuna: Any, search: Search) -> Any:
    if search.pruner == "none":
        return optuna.pruners.NopPruner()
    return optuna.pruners.HyperbandPruner(min_resource=1, max_resource=search.epochs, reduction_factor=3)


def _counted(study: Any) -> Sequence[Any]:
    return [trial for trial in study.get_trials(deepcopy=False) if trial.state.name != "FAIL"]


def _process() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def _bury(optuna: Any, study: Any) -> None:
    """Mark as failed the running trials whose process, on this machine, is gone."""
    for trial in study.get_trials(deepcopy=False):
        host, _, pid = trial.user_attrs.get("process", "").rpartition(":")
        if trial.state.name == "RUNNING" and host == socket.gethostname() and not _alive(int(pid)):
            with suppress(ValueError):  # another process was faster
                study.tell(trial.number, state=optuna.trial.TrialState.FAIL)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _trial_of(study: Any, number: int) -> Trial:
    return _as_trial(study.get_trials(deepcopy=False)[number])


def _as_trial(found: Any) -> Trial:
    values = {name: str(value) for name, value in found.params.items()}
    reported = found.intermediate_values
    score = found.value if found.state.name == "COMPLETE" else reported[max(reported)] if reported else None
    return Trial(found.number, found.state.name.lower(), score, values, len(reported))


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise fail("N541", "`netdsl tune` needs Optuna", help="pip install 'netdsl[tune]'") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
