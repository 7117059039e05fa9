"""Preparation of images: the steps, their storage, and FAULTS rows 74 and 80."""

import json

import numpy as np
import pytest

from netdsl.data.dataset import Dataset
from netdsl.data.framing import Crop, Pad, Resize
from netdsl.data.pipeline import Pipeline, check_fits, from_json
from netdsl.data.steps import Rescale, Standardize, make_step
from netdsl.errors import Fault, NetError


def images(*values, shape=(1, 1, 1)):
    return np.array(values, np.uint8).reshape(-1, *shape)


def test_pad_puts_zeros_on_each_side():
    padded = Pipeline((Pad(1),)).apply(images(7))
    assert padded[0, :, :, 0].tolist() == [[0, 0, 0], [0, 7, 0], [0, 0, 0]]
    assert padded.dtype == np.float32
    assert Pad(2).out_shape((28, 28, 1)) == (32, 32, 1)


def test_rescale_maps_bytes_to_one():
    assert Pipeline((Rescale(),)).apply(images(0, 255)).ravel().tolist() == [0, 1]
    assert Pipeline((Rescale(0.5),)).apply(images(3)).ravel().tolist() == [1.5]


def test_standardize_uses_mean_and_population_deviation():
    # 1 and 3: mean 2, deviation 1
    step = Pipeline((Standardize("pixel"),)).fit(images(1, 3))
    assert np.allclose(step.apply(images(1, 3)).ravel(), [-1 / 1.0001, 1 / 1.0001], rtol=1e-6)


def test_constant_pixel_becomes_zero():
    step = Pipeline((Standardize("pixel"),)).fit(images(5, 5))
    assert step.apply(images(5)).ravel().tolist() == [0]


def test_pixel_that_was_constant_in_training_keeps_its_size_in_another_image():
    step = Pipeline((Standardize("pixel"),)).fit(images(0, 0))
    assert step.apply(images(200)).ravel().tolist() == [200]  # by 0.0001 it would be two million


def test_pixel_statistics_differ_by_place_and_channel_statistics_do_not():
    data = images(0, 10, 2, 12, shape=(1, 2, 1))
    assert Standardize("pixel").fit([data.astype(np.float32)]).mean.ravel().tolist() == [1, 11]
    assert Standardize("channel").fit([data.astype(np.float32)]).mean.ravel().tolist() == [6]


def test_statistics_over_several_blocks_equal_those_of_numpy():
    data = np.random.default_rng(1).integers(0, 256, (2500, 2, 3, 2)).astype(np.float32)
    (step,) = Pipeline((Standardize("channel"),)).fit(data).steps
    assert np.allclose(step.mean, data.mean((0, 1, 2), dtype=np.float64), rtol=1e-7)
    assert np.allclose(step.std, data.std((0, 1, 2), dtype=np.float64), rtol=1e-7)


def test_other_images_get_the_statistics_of_the_training_part():
    fitted = Pipeline((Standardize("pixel"),)).fit(images(1, 3))
    assert np.allclose(fitted.apply(images(5)), 3 / 1.0001, rtol=1e-6)


def test_later_steps_are_fitted_to_what_earlier_ones_give():
    fitted = Pipeline((Rescale(2.0), Standardize("channel"))).fit(images(1, 3))
    assert fitted.steps[1].mean.tolist() == [4]


def test_stored_pipeline_gives_the_same_bits():
    data = np.random.default_rng(2).integers(0, 256, (9, 4, 5, 3)).astype(np.uint8)
    fitted = Pipeline((Pad(1), Rescale(), Standardize("pixel"), Standardize("channel"))).fit(data)
    again = from_json(json.loads(json.dumps(fitted.to_json())))
    assert again.apply(data).tobytes() == fitted.apply(data).tobytes()
    assert again.text() == "pad(1) | rescale | standardize(pixel) | standardize(channel)"


@pytest.mark.parametrize("over", ["pixel", "channel"])
def test_images_alone_and_together_get_the_same_bits(over):
    data = np.random.default_rng(3).integers(0, 256, (5, 3, 3, 2)).astype(np.uint8)
    fitted = Pipeline((Pad(2), Standardize(over))).fit(data)
    assert fitted.apply(data)[4].tobytes() == fitted.apply(data[4:])[0].tobytes()


FITTED = Pipeline((Standardize("channel"),)).fit(images(1, 3)).to_json()[0]


@pytest.mark.parametrize(
    "stored",
    [
        None,
        {},
        [1],
        [{"step": "__class__"}],
        [{"step": "pad"}],
        [{"step": "pad", "n": -1}],
        [{"step": "pad", "n": True}],
        [{"step": "rescale", "factor": "1"}],
        [{"step": "rescale", "factor": float("nan")}],
        [{"step": "standardize", "over": "pixel"}],
        [{"step": "standardize", "over": []}],
        [{**FITTED, "mean": {"shape": [2], "float32": "AAAA"}}],
        [{**FITTED, "mean": {"shape": [2**40], "float32": "AAAAAA=="}}],
        [{**FITTED, "mean": {"shape": [1], "float32": "AADAfw=="}}],
        [{**FITTED, "mean": {"shape": [1], "float32": "not base64"}}],
        [{**FITTED, "std": {"shape": [1], "float32": "AACAvw=="}}],
    ],
)
def test_damaged_storage_is_refused(stored):
    with pytest.raises(NetError) as caught:
        from_json(stored)
    assert caught.value.code == "N610"


def test_calls_of_the_language_make_steps():
    assert make_step("pad", (2,)) == Pad(2)
    assert make_step("pad", (), {"n": 3}) == Pad(3)
    assert make_step("rescale") == Rescale(1 / 255)
    assert make_step("rescale", (1 / 255,)).text() == "rescale"
    assert make_step("standardize", ("channel",)).over == "channel"


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (("pads", (2,)), "N608"),
        (("pad",), "N609"),
        (("pad", (1, 2)), "N609"),
        (("pad", (2,), {"n": 2}), "N609"),
        (("pad", (), {"m": 2}), "N609"),
        (("pad", (2.0,)), "N609"),
        (("pad", (-1,)), "N609"),
        (("pad", (1, "wrap")), "N609"),
        (("pad", (2**21,)), "N609"),
        (("rescale", (0,)), "N609"),
        (("rescale", (float("inf"),)), "N609"),
        (("standardize", ("batch",)), "N609"),
    ],
)
def test_wrong_calls_are_faults(call, code):
    with pytest.raises(Fault) as caught:
        make_step(*call)
    assert caught.value.code == code


def test_a_border_mirrors_less_than_the_whole_image():
    with pytest.raises(Fault, match=r"`pad\(4, mode=mirror\)` finds 4x5x1") as caught:
        Pad(4, "mirror").out_shape((4, 5, 1))
    assert caught.value.code == "N607"
    assert Pad(3, "mirror").out_shape((4, 5, 1)) == (10, 11, 1)


def test_the_border_is_stored():
    again = from_json(json.loads(json.dumps(Pipeline((Pad(1, "mirror"), Pad(2))).to_json())))
    assert again.text() == "pad(1, mode=mirror) | pad(2)"


def test_near_step_is_suggested():
    with pytest.raises(Fault) as caught:
        make_step("standardise", ("pixel",))
    assert caught.value.help == "did you mean `standardize`?"


DATA = Dataset(np.zeros((4, 28, 28, 1), np.uint8), np.array([0, 1, 2, 3]), ("a", "b", "c", "d"), "toy")


def test_data_that_does_not_fit_is_refused_with_both_shapes():  # row 74
    with pytest.raises(NetError, match="`toy` gives 28x28x1, but the input of the net is 32x32x1") as caught:
        check_fits(DATA, Pipeline(), (32, 32, 1))
    assert caught.value.code == "N607"
    with pytest.raises(NetError, match=r"gives 30x30x1 after `pad\(1\)` \(28x28x1 as stored\)"):
        check_fits(DATA, Pipeline((Pad(1),)), (32, 32, 1))


def test_data_that_fits_passes():
    check_fits(DATA, Pipeline((Pad(2),)), (32, 32, 1), classes=4)


def test_fewer_outputs_than_classes_are_refused():  # row 73
    with pytest.raises(NetError, match="label 3 is 3, but there are 3 classes"):
        check_fits(DATA, Pipeline((Pad(2),)), (32, 32, 1), classes=3)


def test_statistics_of_another_shape_are_refused():
    fitted = Pipeline((Standardize("pixel"),)).fit(images(1, 3))
    with pytest.raises(NetError) as caught:
        check_fits(DATA, fitted, (28, 28, 1))
    assert caught.value.code == "N610"


def test_in_shape_undoes_the_padding():
    assert Pipeline((Pad(2), Standardize("pixel"))).in_shape((32, 32, 1)) == (28, 28, 1)
    with pytest.raises(NetError):
        Pipeline((Pad(2),)).in_shape((4, 4, 1))


def test_resize_halves_by_averaging_and_gives_its_size_back():
    step = Resize(1)
    assert step.apply(np.array([[[[0], [100]], [[100], [200]]]], np.float32)).tolist() == [[[[100]]]]
    assert step.out_shape((2, 2, 3)) == (1, 1, 3)
    assert step.in_shape((1, 1, 3)) == (1, 1, 3)


def test_resize_that_covers_keeps_the_middle():
    wide = np.array([[9, 1, 2, 9]], np.float32).reshape(1, 1, 4, 1)
    tall = np.repeat(wide, 2, axis=1)
    assert Resize(2, "cover").apply(tall)[0, :, :, 0].tolist() == [[1, 2], [1, 2]]
    assert Resize((2, 2)).apply(tall)[0, 0, :, 0].tolist() != [1, 2]


def test_crop_keeps_the_part_about_the_centre():
    image = images(*range(20), shape=(4, 5, 1))
    assert Pipeline((Crop((2, 3)),)).apply(image)[0, :, :, 0].tolist() == [[6, 7, 8], [11, 12, 13]]
    with pytest.raises(Fault, match="smaller"):
        Crop(6).out_shape((4, 9, 1))


def test_masks_are_moved_as_images_are():
    masks = np.arange(16).reshape(1, 4, 4)
    moved = Pipeline((Resize(2), Pad(1), Crop(2), Rescale())).apply_masks(masks)
    assert moved.tolist() == [[[5, 7], [13, 15]]]


def test_series_and_vectors_are_prepared_too():
    series = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    fitted = Pipeline((Pad(1), Standardize("channel"))).fit(series)
    assert np.allclose(fitted.steps[1].mean, [3.0, 3.6])  # 30/10 and 36/10
    assert fitted.out_shape((3, 2)) == (5, 2)
    assert Pipeline((Rescale(2.0),)).apply(series[:, :, 0]).tolist() == [[0, 4, 8], [12, 16, 20]]
    with pytest.raises(Fault, match="for images, not for 3x2"):
        Resize(2).out_shape((3, 2))


def test_statistics_of_a_part_are_those_of_the_part_alone():
    data = np.random.default_rng(4).integers(0, 256, (30, 2, 2, 1)).astype(np.uint8)
    some = np.array([3, 7, 29])
    whole, part = (Pipeline((Pad(1), Standardize("pixel"))).fit(*given) for given in ((data[some],), (data, some)))
    assert whole.to_json() == part.to_json()


def test_resize_and_crop_come_back_from_their_storage():
    steps = Pipeline((Resize((4, 6), "cover"), Crop(3), Pad(1)))
    assert from_json(json.loads(json.dumps(steps.to_json()))) == steps
    assert steps.text() == "resize(4x6, fit=cover) | crop(3) | pad(1)"
    assert steps.in_shape((5, 5, 1)) == (4, 6, 1)


@pytest.mark.parametrize(
    "call", [("resize", ()), ("resize", (0,)), ("resize", ((2, 3, 4),)), ("crop", (2.0,)), ("crop", (True,))]
)
def test_sizes_that_are_none_are_faults(call):
    with pytest.raises(Fault) as caught:
        make_step(*call)
    assert caught.value.code == "N609"


def test_calls_give_sizes_by_one_number_or_two():
    assert make_step("resize", (224,)) == Resize((224, 224))
    assert make_step("resize", ((224, 160),), {"fit": "cover"}) == Resize((224, 160), "cover")


@pytest.mark.parametrize(
    "steps", [(), ("rescale",), ("pad", "rescale"), ("rescale", "pad"), ("rescale", "pad", "rescale")]
)
def test_filling_a_room_gives_the_bits_of_applying(steps):
    arguments = {"pad": (1,), "rescale": (0.3,)}
    pipeline = Pipeline(tuple(make_step(name, arguments[name]) for name in steps))
    images = np.arange(2 * 3 * 4 * 3, dtype=np.uint8).reshape(2, 3, 4, 3)
    room = np.empty((2, *pipeline.out_shape((3, 4, 3))), np.float32)
    pipeline.fill(room, images)
    assert np.array_equal(room, pipeline.apply(images))
