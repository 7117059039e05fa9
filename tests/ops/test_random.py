import numpy as np
import pytest

from netdsl.ops.op import BATCH, Build
from netdsl.ops.random import draw
from netdsl.philox import philox, stream_key
from netdsl.reference import run_ops


def drawn(distribution, *, images=3, seed=7, step=0, shape=(5, 2), origin="drop", dtype=np.float32, **attrs):
    b = Build(training=True)
    b.origin = origin
    b.outputs["y"] = draw(b, b.input("x", (BATCH, *shape)), distribution=distribution, purpose="mask", **attrs).id
    bound = {"x": np.zeros((images, *shape)), "seed": seed, "step": step}
    return run_ops(b.finish(), bound, dtype=dtype)["y"]


# The known answers of the authors' library (Random123, kat_vectors), philox4x32 with 10 rounds.
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_philox_gives_the_published_words(counter, key, words):
    assert philox(np.array(counter, np.uint32), key).tolist() == list(words)


def test_an_image_alone_draws_as_the_first_of_a_batch():
    assert drawn("uniform", images=1)[0].tolist() == drawn("uniform", images=3)[0].tolist()


@pytest.mark.parametrize("other", [{"seed": 8}, {"step": 1}, {"origin": "drop_2"}])
def test_seed_step_and_path_each_change_the_numbers(other):
    assert not np.any(drawn("uniform") == drawn("uniform", **other))


def test_uniform_has_the_same_bits_in_float64():
    assert drawn("uniform").tolist() == drawn("uniform", dtype=np.float64).tolist()


def test_bernoulli_keeps_where_uniform_reaches_p():
    kept = drawn("bernoulli", p=0.25)
    assert kept.tolist() == (drawn("uniform") >= 0.25).astype(float).tolist()


def test_moments_are_those_of_the_distribution():
    uniform, normal = (drawn(d, images=50, shape=(1000,)) for d in ("uniform", "normal"))
    assert abs(uniform.mean() - 0.5) < 0.01 and abs(uniform.var() - 1 / 12) < 0.01
    assert abs(normal.mean()) < 0.02 and abs(normal.var() - 1) < 0.02


def test_an_odd_count_of_normals_is_cut_not_shifted():
    assert drawn("normal", shape=(5,))[0].tolist() == drawn("normal", shape=(8,))[0, :5].tolist()


def test_stream_keys_have_64_bits_and_differ_by_purpose():
    assert stream_key("a", "mask") != stream_key("a", "noise") and stream_key("a", "mask") < 2**64
