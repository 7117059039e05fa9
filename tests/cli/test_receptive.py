"""`netdsl receptive`: the field of a position, drawn on a photograph."""

import numpy as np
from click.testing import CliRunner, Result
from PIL import Image

from netdsl.cli import main


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["receptive", *arguments])


def test_picture_is_written_and_the_field_told(tmp_path):
    photo, out = tmp_path / "photo.png", tmp_path / "out.png"
    Image.fromarray(np.full((60, 80, 3), 200, np.uint8)).save(photo)
    result = run("alexnet", "pool5", "--image", str(photo), "-o", str(out), "--at", "0,0")
    assert result.exit_code == 0, result.stderr
    assert "195x195 pixels of 227x227" in result.stdout
    with Image.open(out) as drawn:
        assert min(drawn.size) >= 480


def test_a_position_is_numbers(tmp_path):
    result = run("alexnet", "pool5", "--image", "p.png", "-o", str(tmp_path / "o.png"), "--at", "x")
    assert (result.exit_code, "`x` is not a position such as 3,5" in result.stderr) == (2, True)


def test_a_missing_photograph_is_named(tmp_path):
    result = run("alexnet", "pool5", "--image", str(tmp_path / "no.png"), "-o", str(tmp_path / "o.png"))
    assert (result.exit_code, "N601" in result.stderr) == (1, True)
