"""The oracle of shapes (FAULTS row 43): what it counts can be checked by hand, and it sees a wrong formula."""

from __future__ import annotations

import pytest

from netdsl import shapes
from netdsl.layers import window
from oracle.spec import Spec
from oracle.torch_peer import speaks_torch
from oracle.walk import expected
from shape_oracle import as_text, compare, derived


@pytest.mark.parametrize(
    ("spec", "shape"),
    [
        (Spec("conv", (32, 32, 1), 5, filters=6), (28, 28, 6)),
        (Spec("conv", (7, 2), 3, stride=2, pad="same", filters=4), (4, 4)),
        (Spec("conv", (9, 1), 3, dilation=2, pad="causal", filters=2), (9, 2)),
        (Spec("conv", (5, 6, 2), (3, 2), pad=(1, 0, 2, 1), filters=1), (4, 8, 1)),
        (Spec("maxpool", (7, 7, 1), 2, ceil=True), (4, 4, 1)),
        (Spec("avgpool", (2, 3), 3, stride=2, ceil=True), (1, 3)),
        (Spec("conv_transpose", (3, 4, 2), 2, stride=2, filters=3), (6, 8, 3)),
        (Spec("conv_transpose", (3, 2), 3, stride=2, pad=1, output_pad=1, filters=1), (6, 1)),
    ],
    ids=str,
)
def test_row_43_windows_are_counted(spec: Spec, shape: tuple[int, ...]) -> None:
    assert expected(spec) == (shape, set())


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        (Spec("conv", (4, 4, 1), 5), "N301"),
        (Spec("conv", (8,), 3), "N302"),
        (Spec("conv", (8, 8, 1), (3, 3, 3)), "N303"),
        (Spec("maxpool", (8, 1), 2, pad=2), "N304"),
        (Spec("conv", (8, 3), 3, filters=4, groups=2), "N305"),
        (Spec("conv", (8, 3), 3, stride=0), "N208"),
        (Spec("conv_transpose", (4, 1), 3, stride=2, output_pad=2), "N304"),
        (Spec("conv_transpose", (4, 1), 3, pad=(3, 3)), "N301"),
    ],
    ids=str,
)
def test_row_43_what_is_wrong_is_refused(spec: Spec, code: str) -> None:
    assert expected(spec) == (None, {code})


def test_row_43_random_specifications_agree_with_the_count(capsys: pytest.CaptureFixture[str]) -> None:
    tallies, _, mismatches = compare(1500, 3, torch=None, torch_runs=0)
    assert mismatches == 0, capsys.readouterr().out
    assert tallies["wrong"] >= 300 and tallies["ceil"] >= 75 and tallies["output_pad"] >= 75


def test_a_wrong_formula_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_ceil(*arguments: object) -> shapes.Extent:
        return shapes.window_extent(*arguments[:5])  # type: ignore[arg-type]

    monkeypatch.setattr(window, "window_extent", no_ceil)
    assert compare(300, 1, torch=None, torch_runs=0)[2] > 0


def test_a_derivation_is_worked_out() -> None:
    assert derived("floor((5 + 2 - (2·(3 - 1) + 1))/2) + 1 = 2") == 2
    assert derived("ceil((5 + 0 - 2)/3) + 1 - 1 (the last window would start in the padding) = 1") == 1


def test_a_specification_is_written_as_a_net() -> None:
    spec = Spec("conv", (8, 8, 2), (3, 2), stride=(1, 2), pad=(1, 0), filters=4)
    assert as_text(spec).splitlines()[2] == "  conv(filters=4, kernel=(3, 2), stride=(1, 2), pad=(1, 0))"


def test_torch_is_asked_only_what_it_knows() -> None:
    assert speaks_torch(Spec("conv", (8, 8, 1), 3, pad=(1, 2, 0, 1)), set())
    assert not speaks_torch(Spec("sumpool", (8, 8, 1), 2), set())
    assert not speaks_torch(Spec("conv_transpose", (8, 8, 1), 3, pad=(1, 2, 0, 1)), set())
