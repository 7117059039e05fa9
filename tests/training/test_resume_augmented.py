"""Stopped in the middle of an epoch and taken up again, a training on augmented images ends with the same bits."""

from hashlib import sha256

import numpy as np
import pytest
from PIL import Image

from netdsl.data import folder as image_folder
from netdsl.data import image_files
from netdsl.language.load import parse
from netdsl.training.session import resume, train_net
from netdsl.training.terms import Terms

from .conftest import StopAt

SHIPPED = "fashion_mnist | rescale"
TEXT = """net Small(classes=10) {{
  input image: {side}x{side}x1
  conv(4, 5x5, stride=4); batchnorm; relu
  dense(classes, act=softmax)
}}
train Small {{
  data      {data}
  augment   crop({side}, pad=2) | flip(horizontal) | rotate(10) | color(0.2) | cutout(4) | mixup
  optimizer sgd(lr=0.1, momentum=0.9)
  batch     {batch}
  epochs    2
}}
"""


def digest(run):
    return sha256((run / "weights.safetensors").read_bytes() + (run / "metrics.csv").read_bytes()).hexdigest()


def photographs(root):
    """Two classes of ten images each, of several sizes."""
    for name, level in (("dark", 40), ("bright", 200)):
        (root / name).mkdir(parents=True)
        for i in range(10):
            noise = np.random.default_rng(i).integers(0, 50, (20 + i, 24))
            Image.fromarray((level + noise).astype(np.uint8)).save(root / name / f"{i}.png")


@pytest.mark.parametrize("in_files", [False, True])
def test_it_ends_with_the_same_bits_whatever_the_threads(tmp_path, monkeypatch, in_files):
    given = {"side": 28, "data": SHIPPED, "batch": 1024}
    if in_files:
        photographs(tmp_path / "photos")
        given = {"side": 16, "data": f'"{tmp_path}/photos" | resize(16, fit=cover) | rescale', "batch": 4}
        monkeypatch.setattr(image_folder, "IN_MEMORY", 0)
    net = parse(TEXT.format(**given), classes=2) if in_files else parse(TEXT.format(**given))
    train_net(net, out=tmp_path / "calm")
    assert train_net(net, out=tmp_path / "run", terms=Terms(progress=StopAt(3), threads=1)).steps == 3
    monkeypatch.setattr(image_files, "MOST_THREADS", 1)
    resume(tmp_path / "run")
    assert digest(tmp_path / "run") == digest(tmp_path / "calm")
