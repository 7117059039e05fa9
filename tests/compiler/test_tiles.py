"""Stretches that run on a few images at a time: where, and that the bits and the report stay as they are."""

import json
from itertools import product

import numpy as np
import pytest

import netdsl
from netdsl.compiler import assemble, tiles
from netdsl.compiler.stages import stages
from netdsl.compiler.tiles import find_stretches
from netdsl.compiler.tuning_cache import bucket
from netdsl.report.why import compiled, fate, numbers
from netdsl.report.why_text import lines
from netdsl.training.bare import training_program

TEXT = """net E {
  input image: 16x16x6
  conv(20, 3x3, pad=same, act=relu) | conv(17, 3x3, pad=same, act=relu)
  concat {
    - conv(8, 1x1) | lrn(3)
    - maxpool(3x3, stride=1, pad=same) | conv(5, 5x5, pad=same, act=sigmoid)
  }
  maxpool(2x2) | conv(32, 3x3, pad=same, act=relu)
  global_avgpool
  out: dense(4, act=softmax)
}"""
BATCH = 7


@pytest.fixture(scope="module")
def net():
    return netdsl.parse(TEXT)


@pytest.fixture
def small_cache(monkeypatch):
    """A cache for which the maps of the small net are large, and steps that cost nothing to begin."""
    monkeypatch.setattr(tiles, "NEAR", 2**17)
    monkeypatch.setattr(tiles, "FAR", 2**19)
    monkeypatch.setattr(tiles, "STEP", 0)


def last(net):
    *_, (_, program) = stages(net)
    return program


def test_resnet50_takes_more_images_at_a_time_where_maps_are_smaller():
    steps = netdsl.compile(netdsl.load("resnet50"), batch=16).plan.steps
    images = [step.images for step in steps if step.repeats < 0]
    assert list(dict.fromkeys(images)) == [1, 2, 8, 0]
    assert [step.repeats for step in steps].count(0) == 15
    assert images[-1] == 0


@pytest.mark.parametrize(
    ("batch", "images"), [(1, [1]), (2, [2, 1]), (5, [5, 3, 2, 1]), (129, [129, 65, 33, 17, 9, 5, 3])]
)
def test_tiles_are_a_batch_halved_and_halved_again_64_at_most(batch, images):
    assert tiles._sizes(batch) == images


def test_maps_that_fit_the_cache_are_not_cut(net):
    assert find_stretches(last(net), BATCH) == ()


def test_a_stretch_takes_the_images_that_fit(net, small_cache):
    stretches = find_stretches(last(net), BATCH)
    assert [s.images for s in stretches] == [2]
    assert all(s.begin < s.end for s in stretches)


def test_one_image_and_training_are_not_cut(net, small_cache):
    assert find_stretches(last(net), 1) == ()
    assert all(step.repeats < 0 for step in training_program(net, batch=BATCH).plan.steps)


@pytest.mark.parametrize("threads", [1, 3])
def test_tiles_leave_the_bits_alone_for_any_number_of_images(net, small_cache, monkeypatch, threads):
    weights, x = net.initialise(2), np.random.default_rng(0).standard_normal((BATCH, 16, 16, 6)).astype(np.float32)
    want = ["conv_1", "maxpool_2"]
    cut = netdsl.compile(net, weights, batch=BATCH, want=want, threads=threads)
    monkeypatch.setattr(assemble, "find_stretches", lambda *_: ())
    whole = netdsl.compile(net, weights, batch=BATCH, want=want, threads=threads)
    assert len(cut.plan.steps) > len(whole.plan.steps)
    assert cut.plan.arena < whole.plan.arena
    for n in range(1, BATCH + 1):
        cut._engine.fill_arena(np.nan)
        found, expected = cut(x[:n]), whole(x[:n])
        assert all(np.array_equal(found[name], expected[name]) for name in expected)


def test_a_report_has_each_step_once(net, small_cache):
    program = netdsl.compile(net, batch=BATCH)
    rows = program.profile(np.ones((BATCH, 16, 16, 6), np.float32))
    assert len(rows) == len({row["op"] for row in rows}) < len(program.plan.steps)
    assert sum(row["macs"] for row in rows) == net.macs
    assert all(row["measured"] > 0 for row in rows)


def test_the_cheapest_cuts_are_those_of_a_search_through_all():
    rng, sizes = np.random.default_rng(0), [8, 4, 2, 1]
    for _ in range(50):
        traffic = [tiles._Traffic(int(m), int(w), 49, bool(t)) for m, w, t in zip(*_numbers(rng), strict=True)]
        crossing = list(rng.integers(0, 2**27, len(traffic) - 1))

        def cost(taken, traffic=traffic, crossing=crossing):
            cut = sum(c for c, a, b in zip(crossing, taken, taken[1:], strict=False) if a != b)
            return cut + sum(one.cost(n, 8) for one, n in zip(traffic, taken, strict=True))

        best = min(map(cost, product(sizes, repeat=len(traffic))))
        assert cost(tiles._cheapest(traffic, crossing, sizes)) == pytest.approx(best)


def _numbers(rng):
    return rng.integers(2**18, 2**24, 4), rng.integers(0, 2**23, 4), rng.random(4) < 0.9


def test_a_plan_file_keeps_tiles(net, small_cache, tmp_path):
    program, x = netdsl.compile(net, batch=BATCH), np.ones((BATCH, 16, 16, 6), np.float32)
    program.save(tmp_path / "e.plan")
    loaded = netdsl.load_plan(tmp_path / "e.plan")
    assert np.array_equal(loaded(x), program(x))
    assert [(row["op"], row["tiles"]) for row in loaded.profile(x)] == [
        (row["op"], row["tiles"]) for row in program.profile(x)
    ]


def test_tuning_measures_a_step_with_the_images_of_its_tile(net, small_cache, tmp_path, monkeypatch):
    monkeypatch.setenv("NETDSL_CACHE", str(tmp_path))
    monkeypatch.setattr("netdsl.compiler.tuning.WORTH", 0)
    weights, x = net.initialise(2), np.ones((BATCH, 16, 16, 6), np.float32)
    tuned, plain = (netdsl.compile(net, weights, batch=BATCH, tune=tune) for tune in (True, False))
    (file,) = tmp_path.glob("tuning-*.json")
    images = {
        bucket(step.images or BATCH) for step in plain.plan.steps if step.kernel.startswith("conv") and step.repeats < 0
    }
    assert {name.partition(" ")[0] for name in json.loads(file.read_text())["entries"]} == images
    assert np.array_equal(tuned(x), plain(x))


def test_why_tells_of_tiles(net, small_cache):
    at = compiled(net, batch=BATCH, threads=1, algorithm="auto", how={})
    found = {**numbers(net, "conv_2"), **fate(at, "conv_2")}
    *_, step = found["steps"]
    assert step["tiles"] > 1
    assert f"in {step['tiles']} tiles of images" in "\n".join(lines(found))
