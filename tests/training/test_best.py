"""The weights of the best epoch are kept under a name of their own."""

import pytest

from netdsl.errors import NetError
from netdsl.training import loop
from netdsl.training.keeping.best import Best
from netdsl.training.keeping.weights_file import read_weights
from netdsl.training.scores.metric import Score
from netdsl.training.scores.progress import Epoch

from .conftest import TEXT, reference_programs, tiny_task

NAN = float("nan")


def kept(monitor, values):
    """Whether each epoch, with these scores, is kept when it ends."""
    epochs = [Epoch(n, n, Score(v, {"accuracy": v}, 1), None) for n, v in enumerate(values, 1)]
    return [Best(monitor).file(epochs[: n + 1]) is not None for n in range(len(epochs))]


def test_a_smaller_loss_and_a_larger_accuracy_are_kept():
    assert kept("loss", [3.0, 2.0, 2.0, 2.5, 1.0]) == [True, True, False, False, True]
    assert kept("accuracy", [0.3, 0.2, 0.3, 0.4]) == [True, False, False, True]


def test_a_nan_is_never_kept_and_stands_in_nobodys_way():
    assert kept("loss", [NAN, 2.0, NAN, 1.0]) == [False, True, False, True]


def test_the_best_epoch_lies_beside_the_last(tmp_path):
    task = tiny_task(TEXT.replace("train Tiny {", "train Tiny {\n  checkpoint best(monitor=val_loss)"))
    done = loop.train(task, reference_programs(task), folder=tmp_path)
    best = min(done.epochs, key=lambda epoch: epoch.validation.loss)
    assert read_weights(tmp_path / "best.safetensors").record.steps == best.steps


def test_a_score_that_is_not_measured_cannot_be_the_best():
    with pytest.raises(NetError, match="`checkpoint` watches `val_top5`"):
        tiny_task(TEXT.replace("train Tiny {", "train Tiny {\n  checkpoint best(monitor=val_top5)"))


def test_a_field_that_is_not_measured_is_pointed_at():
    with pytest.raises(NetError, match="has the field `nope`") as caught:
        tiny_task(TEXT.replace("train Tiny {", 'train Tiny {\n  checkpoint "{nope}"'))
    assert caught.value.diagnostics[0].span.text.endswith('"{nope}"')
