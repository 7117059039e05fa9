"""Plans: what is refused before the first run, and how runs share threads, memory and signals."""

import _thread
import os
import signal
import threading
import time

import numpy as np
import pytest

from netdsl import core

FIELDS = {name: i for i, name in enumerate(core.field_names())}


@pytest.fixture
def add_one(steps):
    """A plan of one step, y = x + 1 for up to 4 images of 5 numbers: its record, sizes and program."""
    words = steps.code(("add", 31, 32, 64), constants=[1])
    y, x = (steps.images(np.zeros((4, 5), np.float32), strides=(1,)) for _ in range(2))
    fields = {f"size{i}": 1 for i in range(4)} | {"size4": 5, "inputs": 1, "words": words.size}
    row, sizes = steps.record("map", [y, steps.fixed(words), x], core.isas()[0], fields)
    return row, sizes, words


def engine(plan, **changes):
    row, sizes, _ = plan
    row = row.copy()
    for name, number in changes.items():
        row[FIELDS[name]] = number
    return core.Engine(row[None], sizes, 4)


def test_a_plan_runs_any_number_of_images_up_to_its_batch(add_one):
    for n in (0, 1, 3, 4):
        x, y = np.ones((n, 5), np.float32), np.zeros((n, 5), np.float32)
        engine(add_one).run([y, add_one[2], x], n, 2)
        assert (y == 2).all()


@pytest.mark.parametrize(("first", "most"), [(0, 2), (1, 2), (2, 2), (3, 1), (3, 4)])
@pytest.mark.parametrize("n", [0, 1, 2, 3, 4])
def test_a_step_for_some_of_the_images_leaves_the_others_alone(add_one, first, most, n):
    x, y = np.ones((n, 5), np.float32), np.zeros((n, 5), np.float32)
    at = {"x0_offset": 5 * first, "x2_offset": 5 * first}
    engine(add_one, first_image=first, most_images=most, **at).run([y, add_one[2], x], n, 2)
    assert [row.tolist() for row in y] == [[2.0 * (first <= k < first + most)] * 5 for k in range(n)]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kernel": 999}, "no row of the table"),
        ({"size4": 6}, "reaches past its buffer"),
        ({"size4": 0}, "size is out of range"),
        ({"x2_stride4": -1}, "stride is out of range"),
        ({"x2_stride4": 2**62}, "stride is out of range"),
        ({"x2_offset": -1}, "offset or image is out of range"),
        ({"x2_offset": 1}, "reaches past its buffer"),
        ({"x2_buffer": 9}, "lies in no buffer"),
        ({"x0_image": 2**40}, "reaches past its buffer"),
        ({"x0_image": 0}, "reaches past its buffer"),
        ({"inputs": 7}, "`inputs` is out of range"),
        ({"words": 9}, "reaches past its buffer"),
        ({"cost": -1}, "`cost` is out of range"),
        ({"first_image": -1, "most_images": 1}, "images of a step"),
        ({"first_image": 4, "most_images": 1}, "images of a step"),
        ({"first_image": 1}, "images of a step"),
        ({"most_images": -1}, "images of a step"),
        ({"first_image": 1, "most_images": 2, "x0_offset": 6, "x2_offset": 5}, "reaches past its buffer"),
        ({"first_image": 3, "most_images": 2, "x0_offset": 15, "x2_offset": 16}, "reaches past its buffer"),
    ],
)
def test_a_step_that_leaves_its_buffers_is_refused(add_one, changes, reason):
    with pytest.raises(ValueError, match=reason):
        engine(add_one, **changes)


@pytest.mark.parametrize(
    ("place", "number", "reason"),
    [
        (0, 2, "number of words"),
        (2, 99, "unknown operation"),
        (3, 0, "wrong place"),
        (4, 33, "wrong place"),
        (5, 65, "wrong place"),
    ],
)
def test_an_expression_that_is_not_well_formed_is_refused(add_one, place, number, reason):
    words = add_one[2].copy()
    words[place] = number
    with pytest.raises(ValueError, match=reason):
        engine(add_one).run([np.zeros((1, 5), np.float32), words, np.zeros((1, 5), np.float32)], 1, 1)


def misaligned():
    return np.zeros(24, np.uint8)[1:21].view(np.float32).reshape(1, 5)


@pytest.mark.parametrize(
    "x",
    [
        None,
        [1, 2, 3, 4, 5],
        np.zeros((1, 5)),
        np.zeros((1, 4), np.float32),
        np.zeros((1, 10), np.float32)[:, ::2],
        misaligned(),
    ],
    ids=["None", "list", "float64", "short", "strided", "misaligned"],
)
def test_an_array_that_does_not_fit_is_refused(add_one, x):
    with pytest.raises(ValueError, match="buffer 3"):
        engine(add_one).run([np.zeros((1, 5), np.float32), add_one[2], x], 1, 1)


def test_read_only_arrays_are_read_and_not_written(add_one):
    x, y = np.ones((1, 5), np.float32), np.zeros((1, 5), np.float32)
    x.flags.writeable = False
    engine(add_one).run([y, add_one[2], x], 1, 1)
    y.flags.writeable = False
    with pytest.raises(ValueError, match="buffer 1"):
        engine(add_one).run([y, add_one[2], x], 1, 1)


@pytest.mark.parametrize(
    ("n", "threads", "count"), [(5, 1, 3), (-1, 1, 3), (1, 0, 3), (1, 257, 3), (1, 2**40, 3), (1, 1, 2)]
)
def test_a_run_of_the_wrong_size_is_refused(add_one, n, threads, count):
    with pytest.raises(ValueError, match=r"takes|buffers"):
        engine(add_one).run(
            [np.zeros((4, 5), np.float32), add_one[2], np.zeros((4, 5), np.float32)][:count], n, threads
        )


def test_isa_is_chosen_by_name_or_environment(monkeypatch):
    monkeypatch.delenv("NETDSL_ISA", raising=False)
    assert core.isa() == core.isas()[0]
    assert core.isa("base") == "base"
    monkeypatch.setenv("NETDSL_ISA", "base")
    assert core.isa() == "base"
    monkeypatch.setenv("NETDSL_ISA", "sse9")
    with pytest.raises(ValueError, match="unknown instruction set `sse9`"):
        core.isa()


def chain(steps, count, size=40_000, update=None, arrays=None):
    """`count` steps y = sigmoid(x), x = sigmoid(y) …; `update` is the first that changes weights, on `arrays`."""
    words = steps.code(("sigmoid", 31, 32))
    fields = {f"size{i}": 1 for i in range(4)} | {"size4": size, "inputs": 1, "words": words.size}
    x, y = (steps.fixed(np.zeros(size, np.float32), strides=(1,)) for _ in range(2))
    rows = []
    for i in range(count):
        row, sizes = steps.record("map", [y, steps.fixed(words), x], core.isas()[0], fields)
        row[FIELDS["x0_buffer"]], row[FIELDS["x2_buffer"]] = (1, 3) if i % 2 == 0 else (3, 1)
        row[FIELDS["update_starts"]] = i == update
        rows.append(row)
    made = core.Engine(np.stack(rows), sizes, 1)

    def run(threads, start):
        given = arrays or [np.zeros(size, np.float32), words, start.copy()]
        made.run(given, 1, threads)
        return given[0 if count % 2 else 2]

    return run


@pytest.mark.parametrize("threads", [2, 3, 7, 64])
def test_many_steps_give_the_same_bits_with_any_number_of_threads(steps, rng, threads):
    run, start = chain(steps, 41), rng.standard_normal(40_000).astype(np.float32)
    assert np.array_equal(run(1, start), run(threads, start))


def test_python_threads_may_run_one_engine_and_several_at_once(steps, rng):
    runs, start, got = [chain(steps, 9) for _ in range(3)], rng.standard_normal(40_000).astype(np.float32), []
    expected = runs[0](1, start)
    workers = [threading.Thread(target=lambda r=r: got.append(r(2, start))) for r in runs * 3]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert len(got) == 9 and all(np.array_equal(g, expected) for g in got)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_runs_alone_and_does_not_hang(steps, rng):
    run, start = chain(steps, 9), rng.standard_normal(40_000).astype(np.float32)
    expected = run(2, start)
    child = os.fork()
    if child == 0:
        os._exit(0 if np.array_equal(run(2, start), expected) else 1)
    for _ in range(1000):
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            break
        time.sleep(0.01)
    else:
        os.kill(child, 9)
    assert pid and status == 0


@pytest.mark.parametrize("threads", [1, 2])
def test_an_interrupt_stops_a_long_run_within_a_second(steps, threads):
    run, start = chain(steps, 40_000), np.zeros(40_000, np.float32)
    timer = threading.Timer(0.3, _thread.interrupt_main)
    timer.start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run(threads, start)
    assert time.monotonic() - began < 1.3
    assert np.isfinite(chain(steps, 3)(threads, start)).all()


def test_an_interrupt_waits_for_the_end_once_weights_change(steps):
    size = 40_000
    expected = chain(steps, 8_000, size)(1, np.ones(size, np.float32))
    words, x, y = steps.code(("sigmoid", 31, 32)), np.ones(size, np.float32), np.zeros(size, np.float32)
    run = chain(steps, 8_000, size, update=0, arrays=[y, words, x])
    threading.Timer(0.05, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        run(1, x)
    assert np.array_equal(x, expected)


def test_a_handler_may_not_run_the_engine_that_it_interrupts(steps):
    run, start = chain(steps, 20_000), np.zeros(40_000, np.float32)
    before = signal.signal(signal.SIGINT, lambda *_: run(1, start))
    try:
        threading.Timer(0.05, _thread.interrupt_main).start()
        with pytest.raises(RuntimeError, match="handler"):
            run(1, start)
    finally:
        signal.signal(signal.SIGINT, before)


def test_denormal_numbers_are_0_within_a_run_alone(add_one):
    tiny = np.float32(1e-40)
    y = np.ones((1, 5), np.float32)
    engine(add_one).run([y, add_one[2], np.full((1, 5), tiny)], 1, 1)
    assert (y == 1).all()
    assert tiny * np.float32(1) != 0


def test_many_runs_keep_no_memory(add_one):
    made, arrays = engine(add_one), [np.zeros((4, 5), np.float32), add_one[2], np.zeros((4, 5), np.float32)]

    def pages():
        with open("/proc/self/statm") as text:
            return int(text.read().split()[1])

    made.run(arrays, 4, 1)
    before = pages()
    for _ in range(5000):
        made.run(arrays, 4, 1)
    assert (pages() - before) * 4096 < 2 * 2**20
