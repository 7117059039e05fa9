"""`netdsl filter`: a kernel on a photograph."""

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from netdsl.cli import main


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["filter", *arguments])


def photo(path) -> str:
    pixels = np.random.default_rng(1).integers(0, 256, (20, 30, 3), np.uint8)
    Image.fromarray(pixels).save(path / "photo.png")
    return str(path / "photo.png")


def test_picture_is_written_at_the_size_of_the_photograph(tmp_path):
    result = run("sobel_x", photo(tmp_path), "-o", str(tmp_path / "out.png"), "--abs")
    assert result.exit_code == 0, result.stderr
    assert "20x30x3, numbers from 0 to " in result.stdout
    assert np.asarray(Image.open(tmp_path / "out.png")).shape == (20, 30, 3)


def test_grey_gives_one_channel(tmp_path):
    run("box", photo(tmp_path), "-o", str(tmp_path / "out.png"), "--grey")
    assert np.asarray(Image.open(tmp_path / "out.png")).shape == (20, 30)


def test_help_lists_the_kernels():
    assert "gauss5     5x5: a soft blur" in run("--help").stdout


def test_mistyped_kernel_is_an_error_with_the_nearest(tmp_path):
    result = run("sobl_x", photo(tmp_path), "-o", str(tmp_path / "out.png"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "did you mean `sobel_x`?" in result.stderr


def test_a_name_that_says_no_format_is_refused_before_the_work(tmp_path):
    result = run("box", "missing.png", "-o", str(tmp_path / "out.txt"))
    assert (result.exit_code, "N622" in result.stderr) == (1, True)


@pytest.mark.parametrize("offset", ["nan", "inf", "-inf"])
def test_an_offset_is_finite(tmp_path, offset):
    result = run("box", photo(tmp_path), "-o", str(tmp_path / "out.png"), "--offset", offset)
    assert (result.exit_code, f"`{offset}` is not a finite number" in result.stderr) == (2, True)
