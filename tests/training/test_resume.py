"""Stopped anywhere and taken up again, a training ends with the same bits."""

import os
import signal
from hashlib import sha256

import numpy as np
import pytest
from PIL import Image

from netdsl.errors import NetError
from netdsl.graph.net import Net
from netdsl.language.load import load, parse
from netdsl.training import learning
from netdsl.training.block.override import parse_override
from netdsl.training.keeping.save_every import SaveEvery
from netdsl.training.session import resume, train_net
from netdsl.training.terms import Terms

from .conftest import StopAt

TEXT = """net Small(classes=10) {
  input image: 28x28x1
  conv(4, 5x5, stride=4); batchnorm; relu
  dropout(0.2)
  dense(classes, act=softmax)
}
train Small {
  data      fashion_mnist | rescale
  optimizer sgd(lr=0.1, momentum=0.9)
  schedule  cosine(warmup=1)
  batch     1024
  epochs    2
}
"""
STEPS = 12


def digests(folder):
    """The files that must not depend on when the run was stopped."""
    older = [f"step-{step}.checkpoint" for step in range(STEPS)]
    found = {path.name: path for path in folder.iterdir() if path.name not in older}
    return {name: sha256(path.read_bytes()).hexdigest() for name, path in found.items()}


@pytest.fixture(scope="module")
def net() -> Net:
    return parse(TEXT)


@pytest.fixture(scope="module")
def calm(net, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "calm"
    train_net(net, out=folder)
    return folder


def stopped(net, folder, at):
    return train_net(net, out=folder, terms=Terms(progress=StopAt(at)))


@pytest.mark.parametrize("at", [1, 4, 6, 7, 12])
def test_it_ends_with_the_same_bits_wherever_it_was_stopped(net, calm, tmp_path, at):
    session = stopped(net, tmp_path / "run", at)
    assert (session.exit_code, session.steps) == (143, at)
    done = resume(tmp_path / "run", terms=Terms(threads=1))
    assert (done.exit_code, done.steps, len(done.epochs)) == (0, STEPS, 2)
    assert digests(tmp_path / "run") == digests(calm)


def test_stopped_twice_with_other_threads_each_time(net, calm, tmp_path):
    train_net(net, out=tmp_path / "run", terms=Terms(threads=3, progress=StopAt(3)))
    resume(tmp_path / "run", terms=Terms(threads=1, progress=StopAt(8)))
    resume(tmp_path / "run", terms=Terms(threads=2))
    assert digests(tmp_path / "run") == digests(calm)


def test_stopped_while_it_measures_it_measures_again(net, calm, tmp_path, monkeypatch):
    real = learning.measure

    def stopping(*arguments):
        monkeypatch.undo()
        os.kill(os.getpid(), signal.SIGTERM)
        return real(*arguments)

    monkeypatch.setattr(learning, "measure", stopping)
    session = train_net(net, out=tmp_path / "run")
    assert (session.exit_code, session.steps, session.epochs) == (143, 6, ())
    resume(tmp_path / "run")
    assert digests(tmp_path / "run") == digests(calm)


def test_saving_often_changes_nothing(net, calm, tmp_path):
    train_net(net, out=tmp_path / "run", terms=Terms(every=SaveEvery(1, None)))
    assert digests(tmp_path / "run") == digests(calm)


def test_a_finished_run_stays_as_it_is(net, calm, tmp_path):
    before = digests(calm)
    assert resume(calm).steps == STEPS
    assert digests(calm) == before


def test_lost_weights_and_metrics_come_back_from_the_checkpoint(net, calm, tmp_path):
    train_net(net, out=tmp_path / "run")
    (tmp_path / "run" / "weights.safetensors").unlink()
    (tmp_path / "run" / "metrics.csv").write_text("epoch,steps\n1,6\n1,6\n3,")
    resume(tmp_path / "run")
    assert digests(tmp_path / "run") == digests(calm)


def test_a_damaged_checkpoint_is_passed_over_with_a_warning(net, calm, tmp_path):
    train_net(net, out=tmp_path / "run", terms=Terms(every=SaveEvery(4, None), progress=StopAt(9)))
    newest = tmp_path / "run" / "step-9.checkpoint"
    raw = bytearray(newest.read_bytes())
    raw[-1] ^= 1
    newest.write_bytes(raw)
    heard = []
    resume(tmp_path / "run", warn=heard.extend)
    (warning,) = heard
    assert warning.code == "W502"
    assert "step-9.checkpoint` is damaged" in warning.message
    assert digests(tmp_path / "run") == digests(calm)


CHANGES = {
    "optimizer.lr=0.2": "`optimizer` was `sgd(lr=0.1, momentum=0.9",
    "seed=2": "`seed` was `1`, is `2`",
    "epochs=3": "`epochs` was `2`, is `3`",
    "batch=512": "`batch` was `1024`, is `512`",
    "schedule=constant": "`schedule` was `cosine(warmup=1",
}


@pytest.mark.parametrize("change", CHANGES)
def test_another_setting_is_refused_by_name(net, tmp_path, change):
    stopped(net, tmp_path / "run", 1)
    with pytest.raises(NetError) as caught:
        resume(tmp_path / "run", overrides=parse_override(change))
    assert caught.value.code == "N533"
    assert CHANGES[change] in str(caught.value)


def test_another_net_is_refused_by_its_line(net, tmp_path):
    stopped(net, tmp_path / "run", 1)
    with pytest.raises(NetError, match=r"line 4 of `text.net` was `dropout\(0.2\)`, is `dropout\(0.3\)`"):
        resume(tmp_path / "run", [parse(TEXT.replace("0.2", "0.3"))])


def test_the_same_net_from_elsewhere_is_the_same(net, calm, tmp_path):
    stopped(net, tmp_path / "run", 5)
    (tmp_path / "moved.net").write_text(TEXT)
    resume(tmp_path / "run", [load(tmp_path / "moved.net")], override=False)
    newest = "step-12.checkpoint"
    assert digests(tmp_path / "run").keys() == digests(calm).keys() >= {newest}


def test_another_build_is_refused(net, tmp_path, monkeypatch):
    stopped(net, tmp_path / "run", 1)
    monkeypatch.setattr(np, "__version__", "0.9")
    with pytest.raises(NetError, match=r"`numpy` was `.*`, is `0.9`"):
        resume(tmp_path / "run")


def test_override_goes_on_all_the_same(net, tmp_path):
    stopped(net, tmp_path / "run", 5)
    done = resume(tmp_path / "run", overrides=parse_override("epochs=3"), override=True)
    assert (done.steps, len(done.epochs)) == (18, 3)
    assert resume(tmp_path / "run").steps == 18


SETTINGS = {
    "ema": "ema=0.9",
    "accumulate": "accumulate=4",
    "plateau": "schedule=plateau(patience=1, gain=9)",
    "early": "stop=early(patience=9)",
    "augment": "augment=flip(horizontal) | crop(28, pad=2) | mixup(0.2)",
    "tables": "metrics=top1, top5, confusion, iou",
    "named": 'checkpoint="model.{epoch:02d}-{val_loss:.2f}"',
    "best": "checkpoint=best(monitor=val_loss)",
    "skip": "on_nan=skip",
    "rollback": "on_nan=rollback",
    "clip": "clip=norm(0.1)",
    "adam": "optimizer=adam(lr=0.01)",
    "one_cycle": "schedule=one_cycle",
    "frozen": 'freeze="conv_1"',
}


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_is_taken_up_where_it_was(net, tmp_path, name):
    lines = [*parse_override(SETTINGS[name]), *parse_override("epochs=3")]
    train_net(net, lines, out=tmp_path / "calm")
    train_net(net, lines, out=tmp_path / "run", terms=Terms(progress=StopAt(9)))
    resume(tmp_path / "run", terms=Terms(progress=StopAt(14)))
    resume(tmp_path / "run", terms=Terms(threads=1))
    older = {f"step-{step}.checkpoint" for step in range(18)}
    expected = {path.name: path.read_bytes() for path in (tmp_path / "calm").iterdir() if path.name not in older}
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir() if path.name not in older} == expected


@pytest.mark.parametrize(("part", "words"), [("train", "data"), ("val", "validation data")])
def test_images_that_changed_are_noticed(net, tmp_path, part, words):
    for folder in ("train/a", "train/b", "val/a", "val/b"):
        (tmp_path / "images" / folder).mkdir(parents=True)
        Image.fromarray(np.full((28, 28), 7, np.uint8)).save(tmp_path / "images" / folder / "one.png")
    lines = [*parse_override(f'data="{tmp_path / "images"}" | rescale'), *parse_override("epochs=1")]
    small = parse(TEXT.replace("classes=10", "classes=2"))
    train_net(small, lines, out=tmp_path / "run")
    Image.fromarray(np.full((28, 28), 8, np.uint8)).save(tmp_path / "images" / part / "b" / "one.png")
    with pytest.raises(NetError, match=f"SHA-256 of the `{words}` was"):
        resume(tmp_path / "run")
