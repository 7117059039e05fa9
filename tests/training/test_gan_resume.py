"""A contest that was stopped anywhere and taken up again ends with the same bits, in both nets and in every file."""

from hashlib import sha256

import pytest
from click.testing import CliRunner

from netdsl.cli.train import train
from netdsl.errors import NetError
from netdsl.language.load import load_together
from netdsl.training.block.override import parse_override
from netdsl.training.keeping.checkpoint import latest
from netdsl.training.keeping.save_every import SaveEvery
from netdsl.training.session import resume, train_together
from netdsl.training.terms import Terms

from .conftest import StopAt

NETS = """net Maker(noise=5) {
  input z: {noise}
  dense(2*2*2) | reshape(2x2x2) | batchnorm | dropout(0.1) | relu
  conv_transpose(1, 14x14, stride=14, act=sigmoid) -> 28x28x1
}
net Judge {
  input image: 28x28x1
  avgpool(14x14)
  dense(1)
}
train Maker, Judge {
  recipe    gan
  data      fashion_mnist | rescale
  optimizer Maker=adam(lr=0.001, beta1=0.5), Judge=sgd(lr=0.1, momentum=0.5)
  schedule  Maker=cosine, Judge=plateau(monitor=discriminator_loss, patience=1, gain=9)
  epochs    2
  batch     2048
}
"""
STEPS = 6


@pytest.fixture(scope="module")
def nets(tmp_path_factory):
    path = tmp_path_factory.mktemp("nets") / "gan.net"
    path.write_text(NETS)
    return load_together(path)


@pytest.fixture(scope="module")
def calm(nets, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "calm"
    train_together(nets, out=folder)
    return folder


def digests(folder):
    """Every file that must not depend on when the run was stopped, by its name."""
    older = [f"step-{step}.checkpoint" for step in range(STEPS)]
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    return {name: sha256(path.read_bytes()).hexdigest() for name, path in found.items() if name not in older}


def test_the_folder_has_what_the_test_compares(calm):
    parts = {f"{net}/weights.safetensors" for net in ("Maker", "Judge")} | {f"samples/epoch-00{k}.png" for k in (1, 2)}
    assert set(digests(calm)) == parts | {
        "step-6.checkpoint",
        "metrics.csv",
        "metrics.jsonl",
        "config.json",
        "net.net",
    }


@pytest.mark.parametrize("at", [1, 3, 5, 6])
def test_it_ends_with_the_same_bits_wherever_it_was_stopped(nets, calm, tmp_path, at):
    session = train_together(nets, out=tmp_path / "run", terms=Terms(progress=StopAt(at), threads=2))
    assert (session.exit_code, session.steps, session.stopped) == (143, at, True)
    done = resume(tmp_path / "run", terms=Terms(threads=1))
    assert (done.exit_code, done.steps, len(done.epochs), done.recipe) == (0, STEPS, 2, "gan")
    assert digests(tmp_path / "run") == digests(calm)


def test_saving_at_every_step_changes_nothing(nets, calm, tmp_path):
    train_together(nets, out=tmp_path / "run", terms=Terms(every=SaveEvery(1, None)))
    assert digests(tmp_path / "run") == digests(calm)


def test_what_was_lost_after_the_checkpoint_comes_back(nets, calm, tmp_path):
    train_together(nets, out=tmp_path / "run")
    for name in ("Judge/weights.safetensors", "samples/epoch-002.png", "metrics.csv"):
        (tmp_path / "run" / name).unlink()
    resume(tmp_path / "run")
    assert digests(tmp_path / "run") == digests(calm)


def test_a_checkpoint_has_both_nets_and_what_both_optimisers_keep(calm):
    names = set(latest(calm)[0].tensors)
    assert {"Maker.dense_1.weight", "Maker.batchnorm_1.mean", "Judge.dense_1.bias@momentum"} <= names
    assert len([name for name in names if name.startswith("Maker.dense_1.weight@")]) == 2


def test_the_command_says_how_to_go_on_and_does(nets, calm, tmp_path, monkeypatch):
    monkeypatch.setattr("netdsl.training.scores.progress.choose", lambda stream: StopAt(4))
    (tmp_path / "gan.net").write_text(NETS)
    stopped = CliRunner().invoke(train, [str(tmp_path / "gan.net"), "--out", str(tmp_path / "run")])
    assert stopped.exit_code == 143
    assert f"stopped after step 4; to go on: netdsl train --resume {tmp_path / 'run'}" in stopped.output
    monkeypatch.undo()
    done = CliRunner().invoke(train, ["--resume", str(tmp_path / "run")])
    assert done.exit_code == 0 and done.output.splitlines()[0] == "going on after step 4 of 6"
    assert digests(tmp_path / "run") == digests(calm)


@pytest.mark.parametrize("change", ["seed=2", "optimizer=Judge=sgd(lr=0.2)"])
def test_a_changed_setting_is_refused(calm, change):
    with pytest.raises(NetError) as caught:
        resume(calm, overrides=parse_override(change))
    assert caught.value.code == "N533"


def test_other_nets_are_refused(nets, calm):
    with pytest.raises(NetError) as caught:
        resume(calm, nets[::-1])
    assert caught.value.code == "N529"


def test_a_loss_that_is_not_finite_ends_it_with_a_good_checkpoint(nets, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr("netdsl.training.recipes.rounds.isfinite", lambda x: seen.append(x) or len(seen) != 9)
    with pytest.raises(NetError) as caught:
        train_together(nets, out=tmp_path / "run", terms=Terms(every=SaveEvery(1, None)))
    assert caught.value.code == "N509"
    assert "the loss of the discriminator" in str(caught.value) and "at step 5, in epoch 2" in str(caught.value)
    assert "the checkpoint of step 4 is kept" in str(caught.value)
