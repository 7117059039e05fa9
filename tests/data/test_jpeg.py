"""JPEG files that are decoded without their heads being read again have the bits that Pillow makes of them."""

import importlib.util

import numpy as np
import pytest
from PIL import Image

from netdsl.data import jpeg
from netdsl.data.image import Fit, read_image
from netdsl.data.image_files import list_images
from netdsl.data.part import Part
from netdsl.errors import NetError

PARTS = [None, Part(2, 3, (9, 14)), Part(0, 1, (17, 20), upside_down=True), Part(5, 0, (8, 9), mirrored=True)]
KINDS = [{"subsampling": 0}, {"subsampling": 1}, {"subsampling": 2}, {"progressive": True}, {"restart_marker_rows": 1}]
absent = importlib.util.find_spec("simplejpeg") is None
both = pytest.mark.parametrize(
    "by",
    [jpeg.by_pillow, pytest.param(jpeg.by_simplejpeg, marks=pytest.mark.skipif(absent, reason="of the extra `jpeg`"))],
)


@pytest.fixture
def save(tmp_path):
    def saved(name="a.jpg", *, mode="RGB", **how):
        path = tmp_path / name
        noise = np.random.default_rng(3).integers(0, 256, (17, 22, 3)).astype(np.uint8)
        Image.fromarray(noise).convert(mode).save(path, "JPEG", **how)
        return path

    return saved


@both
@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("how", KINDS, ids=str)
def test_pixels_are_those_of_the_opened_image(save, by, mode, how):
    path = save(mode=mode, **how)
    whole = read_image(path)
    for part in PARTS:
        found = by(path.read_bytes(), whole.shape, part)
        assert np.array_equal(found, read_image(path, part=part)), part


@both
def test_other_shapes_and_broken_files_are_left_to_pillow(save, by, monkeypatch):
    monkeypatch.setattr(jpeg, "decoder", lambda: by)
    content = save().read_bytes()
    assert jpeg.decode_jpeg(content, (17, 22, 3)) is not None
    for shape in ((17, 21, 3), (18, 22, 3), (16, 22, 3)):
        assert jpeg.decode_jpeg(content, shape) is None
    for broken in (content[: len(content) // 2], b"", b"\xff\xd8"):
        assert jpeg.decode_jpeg(broken, (17, 22, 3)) is None


def test_only_files_that_need_no_conversion_are_plain(save, tmp_path):
    turned = Image.Exif()
    turned[0x0112] = 3
    Image.new("RGB", (22, 17)).save(tmp_path / "e.png")
    paths = save("a.jpg"), save("b.jpg", mode="L"), save("c.jpg", exif=turned)
    files = list_images((*paths, tmp_path / "e.png"))
    assert files.plain == ((17, 22, 3), None, None, None)
    assert np.array_equal(files[:3], [read_image(path, channels=3) for path in paths])


@pytest.mark.parametrize("side", [2, 4, 5, 9, 17, 30])
@pytest.mark.parametrize("part", [None, Part(0, 1, (1, 1)), Part(1, 0, (1, 2), mirrored=True)])
def test_resized_pixels_are_those_of_the_opened_image_which_may_be_decoded_at_a_half(save, side, part):
    fit = Fit((side, side))
    files = list_images((save(),), fit=fit)
    assert (files.plain[0] is None) == (side <= 4)
    found = files.part(0, part) if part else files[:][0]
    assert np.array_equal(found, read_image(files.paths[0], fit=fit, part=part))


def test_truncated_file_is_refused_in_pillows_words(save):
    path = save()
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(NetError, match=r"cannot be decoded: .*truncated"):
        list_images((path,))[:]


def test_changed_jpeg_is_refused(save):
    files = list_images((save(),))
    save(quality=50)
    with pytest.raises(NetError, match="was changed since the training began"):
        files[:]
