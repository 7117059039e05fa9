"""The mistakes that the sanitizer scripts plant: each finds its place, in a copy alone."""

from pathlib import Path

import pytest

from sanitize.count import Outcome
from sanitize.plant import MISTAKES, plant
from sanitize.tree import ROOT, copy_kernels


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_planted_in_one_file_of_a_copy(tmp_path: Path, mistake: str) -> None:
    shipped = texts(ROOT / "core" / "kernels")
    planted = texts(copy_kernels(tmp_path / "kernels", mistake))
    assert [name for name in shipped if planted[name] != shipped[name]] == [MISTAKES[mistake].file]
    assert texts(ROOT / "core" / "kernels") == shipped


def test_a_mistake_whose_place_is_gone_is_told(tmp_path: Path) -> None:
    (tmp_path / "nd_run.c").write_text("int nothing;\n")
    with pytest.raises(SystemExit, match="no longer holds `_Atomic int64_t done` once"):
        plant(tmp_path, "race")


def test_the_last_line_counts_kernels_and_errors() -> None:
    table = {("conv", "base"), ("conv", "avx2"), ("map", "base"), ("map", "avx2")}
    fine, broken = Outcome("asan", table, table, 0, 0, ""), Outcome("asan", table, {("conv", "base")}, 1, 1, "")
    assert fine.line() == "asan: 4 of 4 kernels (2 operations x 2 instruction sets), 0 errors" and fine.fine()
    assert broken.line("base") == "asan: 1 of 2 kernels (2 operations x 1 instruction set), 1 error"
    assert not broken.fine(some=True) and not Outcome("asan", table, set(), 0, 0, "").fine()
