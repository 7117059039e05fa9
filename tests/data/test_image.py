"""Images: the conversions that are documented, and FAULTS rows 76 to 78."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from netdsl.data.image import image_shape, read_image, resize_image
from netdsl.errors import NetError


def png(width: int, height: int, *, depth: int = 8, colour: int = 2, body: bytes = b"") -> bytes:
    """A PNG file with a true head and any body."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


def refused(path, content: bytes, code: str) -> str:
    path.write_bytes(content)
    with pytest.raises(NetError) as caught:
        read_image(path)
    assert caught.value.code == code
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def saved(tmp_path):
    """The path of a picture, saved in the format of the suffix."""

    def save(picture: Image.Image, suffix: str = ".png", **how: object):
        path = tmp_path / f"x{suffix}"
        picture.save(path, **how)
        return path

    return save


def test_colour_is_height_width_channels(saved):
    picture = Image.new("RGB", (3, 2))
    picture.putpixel((2, 0), (1, 2, 3))
    array = read_image(saved(picture))
    assert array.shape == (2, 3, 3)
    assert array[0, 2].tolist() == [1, 2, 3]


def test_colour_becomes_grey_by_luma(saved):
    # 0.299 * 200 + 0.587 * 100 + 0.114 * 50 = 124.2
    assert read_image(saved(Image.new("RGB", (1, 1), (200, 100, 50))), channels=1).tolist() == [[[124]]]


def test_grey_becomes_three_equal_channels(saved):
    path = saved(Image.new("L", (1, 1), 7))
    assert read_image(path).tolist() == [[[7]]]
    assert read_image(path, channels=3).tolist() == [[[7, 7, 7]]]


def test_black_and_white_becomes_0_and_255(saved):
    assert read_image(saved(Image.new("1", (1, 1), 1))).tolist() == [[[255]]]


def test_palette_becomes_its_colours(saved):
    assert read_image(saved(Image.new("RGB", (1, 1), (9, 8, 7)).quantize(2))).tolist() == [[[9, 8, 7]]]


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_pixel_is_white(saved, mode):
    path = saved(Image.new(mode, (1, 1), 0))
    assert read_image(path, channels=1).tolist() == [[[255]]]


def test_transparent_colour_of_a_palette_is_white(saved):
    picture = Image.new("P", (1, 1), 0)
    picture.putpalette([10, 20, 30])
    assert read_image(saved(picture, transparency=0)).tolist() == [[[255, 255, 255]]]


def test_camera_turn_is_carried_out(saved):
    picture = Image.new("L", (2, 1))
    picture.putpixel((0, 0), 255)  # left; orientation 6 turns it to the top
    exif = Image.Exif()
    exif[0x0112] = 6
    path = saved(picture, exif=exif)
    assert read_image(path).tolist() == [[[255]], [[0]]]
    assert image_shape(path) == (2, 1, 1)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".gif", ".webp", ".ppm"])
def test_every_format_gives_the_shape_of_its_head(saved, suffix):
    path = saved(Image.new("RGB", (5, 4), (255, 0, 0)), suffix)
    assert read_image(path).shape == image_shape(path) == (4, 5, 3)


@pytest.mark.parametrize(
    ("width", "height"), [(2**31, 2**31), (2**31 - 1, 2**31 - 1), (14000, 14000), (65535, 65535), (8193, 8192)]
)
def test_more_than_64_megapixels_are_refused(tmp_path, width, height):  # row 76
    refused(tmp_path / "x.png", png(width, height), "N607")


def test_image_without_pixels_is_refused(tmp_path):  # row 76
    refused(tmp_path / "x.png", png(0, 5), "N606")


def test_truncated_jpeg_is_refused(saved):  # row 77
    path = saved(Image.effect_noise((64, 64), 50), ".jpg")
    assert "truncated" in refused(path, path.read_bytes()[:700], "N606")


def test_truncated_png_is_refused(saved):  # row 77
    path = saved(Image.effect_noise((64, 64), 50))
    refused(path, path.read_bytes()[:700], "N606")


def test_cmyk_is_refused(saved):  # row 77
    path = saved(Image.new("CMYK", (2, 2)), ".jpg")
    assert "CMYK" in refused(path, path.read_bytes(), "N606")


@pytest.mark.parametrize(("colour", "size"), [(0, 2), (2, 6), (4, 4), (6, 8)])
def test_16_bits_a_channel_are_refused(tmp_path, colour, size):  # row 77
    content = png(1, 1, depth=16, colour=colour, body=bytes(1 + size))
    assert "8 bits" in refused(tmp_path / "x.png", content, "N606")


@pytest.mark.parametrize("content", [b"P5 1 1 65535\n\0\0", b"P6 1 1 65535\n" + bytes(6), b"P6 1 1 1000\n" + bytes(6)])
def test_16_bit_ppm_is_refused(tmp_path, content):  # row 77
    assert "8 bits" in refused(tmp_path / "x.ppm", content, "N606")


@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp"])
def test_animation_is_refused(saved, suffix):  # row 77
    frames = [Image.new("RGB", (2, 2), colour) for colour in ("red", "blue")]
    path = saved(frames[0], suffix, save_all=True, append_images=frames[1:])
    assert "animated" in refused(path, path.read_bytes(), "N606")


@pytest.mark.parametrize("name", ["a\nb.png", "-x.png", "\x1b[31m.png", "ü\u202e.png"])
def test_odd_names_are_read_and_quoted(tmp_path, name):  # row 78
    path = tmp_path / name
    path.write_bytes(png(1, 1, body=bytes(4)))
    assert read_image(path).shape == (1, 1, 3)
    message = refused(path, b"no image", "N606")
    assert "\x1b" not in message
    assert "\u202e" not in message


def test_random_bytes_are_refused(tmp_path):
    noise = np.random.default_rng(1)
    for _ in range(50):
        refused(tmp_path / "x.png", png(4, 4)[:33] + noise.bytes(200), "N606")


def test_halving_averages(saved):
    array = np.array([[[0], [100]], [[100], [200]]], np.uint8)
    assert resize_image(array, (1, 1)).tolist() == [[[100]]]


def test_resizing_to_the_same_size_is_the_same_image():
    array = np.zeros((2, 3, 3), np.uint8)
    assert resize_image(array, (2, 3)) is array
