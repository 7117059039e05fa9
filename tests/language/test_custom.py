"""Layers from Python files: refused without permission, then like those that ship."""

import numpy as np
import pytest
from click.testing import CliRunner

import netdsl
from netdsl.cli import main
from netdsl.errors import NetError
from netdsl.language.custom import code_allowed
from netdsl.language.load import load_texts
from netdsl.layers.base import REGISTRY
from netdsl.reference import run_net

DOUBLE = '''
from dataclasses import dataclass
from pathlib import Path

from netdsl.layers.base import Layer, arg
from netdsl.ops.expression import operands

Path(__file__).with_name("ran").touch()


@dataclass(frozen=True)
class Times(Layer, keyword="times"):
    """y = factor·x; … a layer of one's own."""

    factor: float = arg("number", "what it is multiplied by", low=0)

    def out_shape(self, *xs):
        return xs[0]

    def forward(self, xs, p, *, training=False):
        return xs[0] * self.factor

    def lower(self, build, *xs):
        (x0,) = operands(1)
        return build.map(x0 * self.factor, xs[0])
'''
NET = 'import "double.py"\nnet A {\n  input x: 4\n  dense(3) | times(2)\n}\n'


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "double.py").write_text(DOUBLE, "utf-8")
    (tmp_path / "a.net").write_text(NET)
    return tmp_path


def refused(text, code=DOUBLE, **options):
    with open("double.py", "w", encoding="utf-8") as file:
        file.write(code)
    with open("a.net", "w") as file:
        file.write(text)
    with pytest.raises(NetError) as error:
        netdsl.load("a.net", **options)
    return error.value.diagnostics[0]


def test_without_permission_nothing_runs(folder):
    assert refused(NET).code == "N237" and not (folder / "ran").exists()
    assert CliRunner().invoke(main, ["check", "a.net"]).exit_code == 1 and not (folder / "ran").exists()


def test_without_permission_the_file_is_not_even_read(folder):
    assert refused(NET.replace("double.py", "nobody.py")).code == "N237"


def test_a_layer_of_ones_own_runs_on_the_engine(folder):
    net, x = netdsl.load("a.net", allow_code=True), np.ones((2, 4), np.float32)
    weights = net.initialise(1)
    expected = run_net(net, weights, {"x": x})["times_1"]
    np.testing.assert_allclose(netdsl.compile(net, weights, batch=2)(x), expected, rtol=1e-6)


def test_permission_is_for_one_command(folder):
    assert CliRunner().invoke(main, ["summary", "a.net", "--allow-code"]).exit_code == 0
    assert CliRunner().invoke(main, ["summary", "a.net"]).exit_code == 1


def test_its_layers_are_those_of_the_nets_that_import_it(folder):
    netdsl.load("a.net", allow_code=True)
    assert refused(NET.replace('import "double.py"\n', ""), allow_code=True).code == "N202"
    netdsl.load("lenet5")
    assert "times" not in REGISTRY


def test_arguments_are_checked_and_suggested_as_for_any_layer(folder):
    assert refused(NET.replace("times(2)", "times(-1)"), allow_code=True).code == "N208"
    assert refused(NET.replace("times(2)", "tims(2)"), allow_code=True).fixes[0].words == "`times`"


def test_the_texts_of_a_net_hold_its_layers(folder):
    net = netdsl.load("a.net", allow_code=True)
    (folder / "double.py").unlink()
    with code_allowed():
        again = load_texts(net.texts, net.main, {})
    assert again.nodes["times_1"].layer == net.nodes["times_1"].layer
    with pytest.raises(NetError) as error:
        load_texts(net.texts, net.main, {})
    assert error.value.code == "N237"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("x = 1/0", "line 1: ZeroDivisionError"),
        ("\n\nclass", "line 3: SyntaxError"),
        ("x = 1", "declares no layer"),
        (DOUBLE.replace('"times"', '"relu"'), "`relu`, which there is already"),
        (DOUBLE.replace("@dataclass(frozen=True)\n", ""), "no frozen dataclass"),
    ],
)
def test_a_file_that_declares_no_layer_is_refused(folder, code, words):
    found = refused(NET, code, allow_code=True)
    assert found.code == "N238" and words in found.message
    assert "relu" in REGISTRY and REGISTRY["relu"].__module__.startswith("netdsl.")


@pytest.mark.parametrize("path", ["../double.py", "/double.py", "nobody.py"])
def test_a_file_outside_the_folder_is_refused(folder, path):
    assert refused(NET.replace("double.py", path), allow_code=True).code == "N218"


def test_a_layer_keeps_its_own_name(folder):
    assert refused(NET.replace('.py"', '.py" as m'), allow_code=True).code == "N218"


def test_a_layer_without_a_lowering_is_checked_and_not_compiled(folder):
    (folder / "double.py").write_text(DOUBLE[: DOUBLE.index("    def lower")], "utf-8")
    net = netdsl.load("a.net", allow_code=True)
    with pytest.raises(NetError) as error:
        netdsl.compile(net)
    assert error.value.code == "N717" and run_net(net, net.initialise(), {"x": np.ones((1, 4))})["times_1"].shape == (
        1,
        3,
    )
