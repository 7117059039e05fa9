"""The two-by-two table: each case is advised, and its commands can be given."""

import shlex

import pytest
from click.testing import CliRunner

from netdsl.cli import main
from netdsl.cli.advise import advise
from netdsl.language.load import load
from netdsl.training.transfer.advise import size_of, table


def test_data_are_much_from_five_thousand_a_class():
    assert (size_of(49_999, 10), size_of(50_000, 10)) == ("little", "much")


def test_the_four_cases_are_advised():
    cells = table(load("lenet5"), "lenet5", "fashion_mnist")
    assert [(cell.size, cell.task) for cell in cells] == [
        ("little", "similar"),
        ("little", "different"),
        ("much", "similar"),
        ("much", "different"),
    ]


@pytest.mark.parametrize("net", ["lenet5", "keras_mnist", "resnet50"])
def test_the_commands_name_nodes_that_there_are(net):
    loaded = load(net)
    for cell in table(loaded, net, "fashion_mnist"):
        for command in cell.commands:
            words = shlex.split(command)[1:]
            assert words[0] in main.list_commands(None)
            named = [
                words[i + 1] for i, word in enumerate(words) if word in ("--at", "--fresh", "--freeze", "--unfreeze")
            ]
            assert all(name == "**" or name in loaded.nodes for name in named)


def test_the_row_is_that_of_the_data():
    done = CliRunner().invoke(advise, ["lenet5", "--task", "different"])
    lines = done.output.splitlines()
    assert lines[0].startswith("fashion_mnist: 6,000 images of 10 classes, 600 a class: little data")
    assert [line for line in lines if line.startswith("→")] == [
        "→ little data, different task: a plain classifier on features of a lower layer"
    ]
    assert "    $ netdsl features lenet5 --weights FILE --data fashion_mnist --at C5 --out features.npz" in lines
