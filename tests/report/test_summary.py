import pytest
from rich.console import Console

from netdsl.language.load import load, parse
from netdsl.report.summary import as_json, format_field, summarise
from netdsl.report.table import format_bytes, keras_table, table

KERAS_ROWS = """
conv1_1 28,28,40 1040 | max_pooling2d_1 14,14,40 0 | dropout_1 14,14,40 0 | conv1_2 12,12,32 11552
max_pooling2d_2 6,6,32 0 | dropout_2 6,6,32 0 | flatten_1 1152 0 | dense_1 64 73792 | batch_normalization_1 64 256
dropout_3 64 0 | dense_2 10 650
"""


def rows_of(name: str, **params: object) -> list[dict]:
    return as_json(summarise(load(name, **params)))["nodes"]


def test_keras_table_has_the_eleven_rows_of_the_lecture():
    lines = keras_table(summarise(load("keras_mnist"))).splitlines()
    rows = [line.replace(", ", ",").split() for line in lines[4:-4]]
    got = [(name, shape.strip("()").removeprefix("None,"), count.replace(",", "")) for name, _, shape, count in rows]
    assert got == [tuple(row.split()) for row in KERAS_ROWS.replace("\n", "|").split("|") if row.strip()]


def test_keras_table_ends_with_the_totals_of_the_lecture():
    lines = keras_table(summarise(load("keras_mnist"))).splitlines()
    expected = ["Total params: 87,290", "Trainable params: 87,162", "Non-trainable params: 128"]
    assert lines[-3:] == expected


def test_json_rows_have_the_promised_fields():
    names = ["name", "layer", "inputs", "shape", "params", "state", "macs", "rf", "shared", "frozen"]
    assert list(rows_of("lenet5")[1]) == names


@pytest.mark.parametrize("name", ["googlenet", "resnet18", "keras_mnist", "unet"])
def test_rows_sum_to_the_totals(name):
    found = as_json(summarise(load(name)))
    for key in ("params", "state", "macs"):
        assert sum(row[key] for row in found["nodes"]) == found["totals"][key]


def test_first_inception_module_has_163696_parameters():
    assert sum(row["params"] for row in rows_of("googlenet") if row["name"].startswith("i3a.")) == 163_696


def test_c5_of_lenet_sees_32_pixels():
    assert {row["name"]: row["rf"] for row in rows_of("lenet5")}["C5"] == 32


def test_field_of_unequal_sides_prints_as_a_size():
    assert format_field((17, 1)) == "17x1"


def test_table_shows_scopes_with_their_sums():
    console = Console(width=200, color_system=None)
    with console.capture() as capture:
        console.print(table(summarise(load("googlenet"))))
    assert next(line for line in capture.get().splitlines() if line.startswith("i3a")).split()[:3] == [
        "i3a",
        "inception",
        "163,696",
    ]


def test_frozen_layer_counts_as_nontrainable():
    net = parse("net A { input x: 4; dense(3, trainable=false); dense(2) }")
    totals = summarise(net).totals
    assert (totals.trainable, totals.nontrainable) == (8, 15)


@pytest.mark.parametrize(("count", "text"), [(0, "0 B"), (999, "999 B"), (1536, "1.5 KiB"), (2**30, "1 GiB")])
def test_bytes_print_with_their_unit(count, text):
    assert format_bytes(count) == text
