"""The shipped nets against published counts, and their files against the counts they must assert themselves."""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib.resources import files
from math import prod
from pathlib import Path

import pytest

from netdsl.graph.cost import cost_of
from netdsl.graph.net import Net
from netdsl.language.load import load
from netdsl.language.parameters import parse_value

ROWS = list(csv.DictReader((Path(__file__).parent / "published.csv").read_text().splitlines()))
NAMES = sorted(f.name.removesuffix(".net") for f in files("netdsl.architectures").iterdir() if f.name.endswith(".net"))


@cache
def loaded(name: str, settings: str) -> Net:
    given = dict(item.split("=") for item in settings.split())
    return load(name, **{key: parse_value(text) for key, text in given.items()})


def measured(net: Net, quantity: str) -> int:
    path, _, what = quantity.rpartition(".")
    prefix = path.removesuffix("*]") if path.endswith("[*]") else f"{path}."
    inside = [p for p in net.nodes if not path or p == path or p.startswith(prefix)]
    if what == "rf":
        node = path if path in net.nodes else next(s.output for s in net.scopes if s.path == path)
        return max(net.fields[node])
    return int(getattr(cost_of(net, inside), what))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['net']} {row['settings']} {row['quantity']}")
def test_count_is_the_published_one(row: dict[str, str]) -> None:
    assert measured(loaded(row["net"], row["settings"]), row["quantity"]) == int(row["value"])


@pytest.mark.parametrize("name", NAMES)
def test_net_has_a_published_count_and_asserts_it(name: str) -> None:
    text = files("netdsl.architectures").joinpath(f"{name}.net").read_text()
    rows = [row for row in ROWS if row["net"] == name]
    assert rows
    asserted = " ".join(re.findall(r"assert .*", text)).replace("_", "")
    assert any(row["value"] in asserted for row in rows if "." not in row["quantity"])


@pytest.mark.parametrize("name", NAMES)
def test_net_checks_without_a_warning(name: str) -> None:
    assert loaded(name, "").warnings == ()


def test_unet_published_sizes_hold() -> None:
    net = loaded("unet", "")
    skips = [net.nodes[p].shape for p in net.nodes if p.endswith("d.conv_2")]
    assert skips == [(568, 568, 64), (280, 280, 128), (136, 136, 256), (64, 64, 512)]


@pytest.mark.parametrize(("size", "out"), [(188, 4), (204, 20), (572, 388)])
def test_unet_gives_184_pixels_less(size: int, out: int) -> None:
    net = loaded("unet", f"size={size}")
    assert [net.nodes[p].shape for p in net.outputs.values()] == [(out, out, 2)]


def test_keras_mnist_has_the_eleven_rows_of_the_lecture() -> None:
    net = loaded("keras_mnist", "")
    rows = [(node.path, node.shape, cost_of(net, [node.path]).total) for node in net if node.inputs]
    assert rows == [
        ("conv1_1", (28, 28, 40), 1040),
        ("max_pooling2d_1", (14, 14, 40), 0),
        ("dropout_1", (14, 14, 40), 0),
        ("conv1_2", (12, 12, 32), 11552),
        ("max_pooling2d_2", (6, 6, 32), 0),
        ("dropout_2", (6, 6, 32), 0),
        ("flatten_1", (1152,), 0),
        ("dense_1", (64,), 73792),
        ("batch_normalization_1", (64,), 256),
        ("dropout_3", (64,), 0),
        ("dense_2", (10,), 650),
    ]


def test_padded_unet_keeps_its_size() -> None:
    net = loaded("unet", "padded=true size=256")
    assert [net.nodes[p].shape for p in net.outputs.values()] == [(256, 256, 2)]


def test_vgg16_without_its_top_at_150_pixels() -> None:
    net = loaded("vgg16", "top=false size=150")
    assert [net.nodes[p].shape for p in net.outputs.values()] == [(4, 4, 512)]


def test_lenet5_of_1998_has_340_908_connections() -> None:
    """A unit of a convolution has one for each of its parameters, one of a subsampling four and its bias."""
    net = loaded("lenet5_1998", "")
    found = {}
    for node in net:
        places, units = prod(node.shape[:-1]), prod(node.shape)
        found[node.path] = 5 * units if node.path in ("S2", "S4") else places * cost_of(net, [node.path]).params
    assert [n for n in found.values() if n] == [122_304, 5_880, 151_600, 2_000, 48_120, 10_164, 840]
    assert sum(found.values()) == 340_908
