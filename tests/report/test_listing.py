import csv
from io import StringIO

import pytest

from netdsl.language.load import load, parse
from netdsl.report.listing import as_csv, as_markdown
from netdsl.report.summary import summarise
from netdsl.report.tree import as_tree


def rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(as_csv(summarise(load(name))))))


@pytest.mark.parametrize("name", ["lenet5", "googlenet", "unet"])
def test_csv_has_a_line_for_each_node_and_its_counts_add_up(name):
    net, found = load(name), rows(name)
    assert [row["name"] for row in found] == list(net.nodes)
    assert sum(int(row["params"]) for row in found) == net.params
    assert sum(int(row["macs"]) for row in found) == net.macs


def test_csv_quotes_the_call_of_a_layer():
    c1 = rows("lenet5")[1]
    assert (c1["layer"], c1["inputs"], c1["output"], c1["rf"]) == ("conv(6, 5x5, act=tanh)", "image", "28x28x6", "5")


def test_markdown_has_the_totals_in_its_last_line():
    lines = as_markdown(summarise(load("lenet5"))).splitlines()
    assert lines[4] == "| `image` | input | 32x32x1 | 0 | 0 | 1 |"
    assert lines[-1] == "| **total** |  |  | **61,706** | **416,520** |  |"


def test_tree_shows_scopes_as_branches_with_their_sums():
    net = parse("net T { input x: 8x8x1; a: conv(2, 3x3) | relu; b: conv(1, 1x1) }")
    assert as_tree(summarise(net)) == (
        "T                                 23\n"
        "├─ x          input        8x8x1   -\n"
        "├─ a                       6x6x2  20\n"
        "│  ├─ conv_1  conv 2, 3x3  6x6x2  20\n"
        "│  └─ relu_1  relu         6x6x2   -\n"
        "└─ b          conv 1, 1x1  6x6x1   3\n"
    )


def test_tree_of_an_inception_module_has_its_block_and_output():
    (line,) = [line for line in as_tree(summarise(load("googlenet"))).splitlines() if " i3a " in line]
    assert line.split() == ["├─", "i3a", "inception", "28x28x256", "163,696"]
