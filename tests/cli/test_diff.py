"""The command: two nets, one net with two settings, and a drawing."""

import json

import pytest
from click.testing import CliRunner, Result

from netdsl.cli import main


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["diff", *arguments])


def test_two_nets_are_compared_with_totals():
    lines = run("vgg16", "vgg19").stdout.splitlines()
    assert lines[0] == "VGG16 → VGG19: different"
    assert sum(line.startswith("+ ") for line in lines) == 3
    assert any(line.split() == ["params", "138,357,544", "143,667,240", "+5,309,696", "x1.038"] for line in lines)


def test_net_is_compared_with_itself_under_another_parameter():
    assert "googlenet" not in run("googlenet", "-p", "aux=false").stdout
    assert "-  aux1" in run("googlenet", "-p", "aux=false").stdout
    assert "+  aux1" in run("googlenet", "-p", "aux=false", "-p", "aux=true").stdout


def test_equal_nets_say_so():
    assert run("lenet5", "lenet5").stdout.startswith("LeNet5 → LeNet5: equal\n")


def test_json_counts_both():
    found = json.loads(run("resnet50", "resnet101", "--format", "json").stdout)
    assert [net["params"] for net in found["nets"]] == [25_557_032, 44_549_160]


def test_drawing_is_written(tmp_path):
    assert run("vgg16", "vgg19", "-o", str(tmp_path / "a.svg")).exit_code == 0
    assert "VGG16 → VGG19" in (tmp_path / "a.svg").read_text()


@pytest.mark.parametrize("line", ["lenet5", "lenet5 -p classes=3 -p classes=4 -p classes=5", "lenet5 unet -o a.png"])
def test_other_command_lines_are_mistakes(line):
    assert run(*line.split()).exit_code == 2
