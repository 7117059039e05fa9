"""A generator against a discriminator: two halves of a step over the same weights, each for its own net."""

import json
import re

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from netdsl.cli.sample import sample
from netdsl.cli.train import train
from netdsl.errors import NetError
from netdsl.language.load import load_together
from netdsl.reference import run_net
from netdsl.training.answers.trained import open_run
from netdsl.training.block.settings import read_settings
from netdsl.training.recipes.gan import Pair
from netdsl.training.recipes.grid import grid
from netdsl.training.recipes.noise import normals
from netdsl.training.recipes.sample import sample as images_of

NETS = """net Maker(noise=5) {
  input z: {noise}
  dense(2*2*4) | reshape(2x2x4) | batchnorm | relu
  conv_transpose(1, 14x14, stride=14, act=sigmoid) -> 28x28x1
}
net Judge {
  input image: 28x28x1
  avgpool(7x7) | conv(4, 2x2, act=leaky_relu(0.2))
  dense(1END)
}
train Maker, Judge {
  recipe    gan
  data      fashion_mnist | rescale
  optimizer Maker=adam(lr=0.001, beta1=0.5), Judge=sgd(lr=0.1)
  epochs    2
  batch     500
}
"""


def written(folder, text=NETS, end=""):
    (folder / "gan.net").write_text(text.replace("END", end))
    return folder / "gan.net"


def pair(tmp_path, end=""):
    return Pair(*load_together(written(tmp_path, end=end)))


def stepped(made, half):
    """The weights before and after one half of a step, its outputs, and the arrays that it was given."""
    rng = np.random.default_rng(0)
    settings = read_settings(())
    weights = made.initialise(3)
    given = {made.noise: rng.normal(size=(6, 5)).astype(np.float32)}
    if half == 0:
        given[made.image] = rng.random((6, 28, 28, 1), np.float32)
    before = {name: np.array(array) for name, array in weights.items()}
    program = made.programs(weights, (settings, settings))[half]
    return before, weights, program.step(given, lr=0.1, step=1, seed=1), given


@pytest.mark.parametrize("half", [0, 1])
def test_each_half_changes_its_own_net_alone(tmp_path, half):
    made = pair(tmp_path)
    before, weights, _, _ = stepped(made, half)
    changed = {name for name in before if not np.array_equal(before[name], weights[name])}
    own, other = (("Judge", "Maker"), ("Maker", "Judge"))[half]
    learned = {f"{net.name}.{name}" for net in (made.generator, made.discriminator) for name in net.learned}
    assert {name for name in learned if name.startswith(own)} <= changed
    assert not {name for name in learned if name.startswith(other)} & changed


@pytest.mark.parametrize("end", ["", ", act=sigmoid"])
def test_the_losses_are_those_of_the_formula(tmp_path, end):
    made = pair(tmp_path, end)
    before, _, found, given = stepped(made, 0)
    values = run_net(made.telling(), before, given, dtype=np.float64, training=True)
    real, fake = (values[made.telling().outputs[name]] for name in ("real", "made"))
    if not end:
        real, fake = (1 / (1 + np.exp(-y)) for y in (real, fake))
    assert found["loss"] == pytest.approx(-np.log(real).mean() - np.log(1 - fake).mean(), rel=1e-5)
    before, _, found, given = stepped(made, 1)
    fake = run_net(made.making(), before, given, dtype=np.float64, training=True)[made.making().outputs["made"]]
    fake = fake if end else 1 / (1 + np.exp(-fake))
    assert found["loss"] == pytest.approx(-np.log(fake).mean(), rel=1e-5)


def test_real_and_made_images_meet_the_same_tensors(tmp_path):
    made = pair(tmp_path)
    assert made.telling().params == made.generator.params + made.discriminator.params


def run(command, *arguments):
    done = CliRunner().invoke(command, [str(a) for a in arguments])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def test_a_run_holds_both_nets_the_scores_and_the_samples(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    output = run(train, written(tmp_path), "--threads", 1)
    assert re.match(r"epoch 1/2  loss \S+  discriminator_loss \S+  generator_loss \S+  real \S+  made ", output)
    assert output.splitlines()[-1] == "saved to runs/gan"
    folder = tmp_path / "runs" / "gan"
    assert len((folder / "metrics.csv").read_text().splitlines()) == 3
    with Image.open(folder / "samples" / "epoch-002.png") as picture:
        assert picture.size == (8 * 29 - 1, 8 * 29 - 1)
    config = json.loads((folder / "config.json").read_text())
    assert config["settings"]["Judge.optimizer"].startswith("sgd(lr=0.1")
    assert open_run(folder / "Judge").record.steps == 24
    assert "16 of 28x28x1" in run(sample, folder / "Maker", "--count", 16, "--out", "a.png")
    with pytest.raises(NetError, match="`seed` is an integer"):
        images_of(open_run(folder / "Maker"), 1, seed=1.0)
    run(train, written(tmp_path), "--threads", 2, "--out", "again")
    for name in ("Maker", "Judge"):
        one, two = (path / name / "weights.safetensors" for path in (folder, tmp_path / "again"))
        assert one.read_bytes() == two.read_bytes()


def refused(tmp_path, old, new, end=""):
    with pytest.raises(NetError) as caught:
        run(train, written(tmp_path, NETS.replace(old, new), end), "--out", tmp_path / "run")
    assert not (tmp_path / "run").exists()
    assert caught.value.code == "N529"
    return str(caught.value)


def test_what_does_not_fit_the_recipe_is_refused(tmp_path):
    assert "`Judge` gives 2" in refused(tmp_path, "dense(1END)", "dense(2)")
    assert "`Maker` makes 29x29x1, and the input of `Judge` is 28x28x1" in refused(
        tmp_path, "14x14, stride=14, act=sigmoid) -> 28x28x1", "15x15, stride=14)"
    )
    assert "there is no such recipe" in refused(tmp_path, "recipe    gan", "recipe wgan")
    assert "which way is not said" in refused(tmp_path, "recipe    gan", "")
    assert "`freeze` is no setting" in refused(tmp_path, "batch     500", 'freeze "a"')


def test_noise_is_normal_and_follows_from_seed_and_draw():
    x = normals(1000, (3, 7), 1, 4)
    assert x.shape == (1000, 3, 7) and abs(x.mean()) < 0.02 and abs(x.std() - 1) < 0.02
    np.testing.assert_array_equal(x, normals(1000, (3, 7), 1, 4))
    assert not np.array_equal(x, normals(1000, (3, 7), 1, 5))


def test_a_grid_has_white_lines_between_its_images():
    images = np.zeros((3, 2, 2, 1), np.float32)
    images[1] = 0.5
    assert grid(images, 0, 1)[:, :, 0].tolist() == [
        [0, 0, 255, 128, 128],
        [0, 0, 255, 128, 128],
        [255] * 5,
        [0, 0, 255, 255, 255],
        [0, 0, 255, 255, 255],
    ]
