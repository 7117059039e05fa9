"""Neutral tuning: choices leave the bits alone, and what was measured once is not measured again."""

import json
from pathlib import Path

import numpy as np
import pytest

import netdsl
from netdsl import core
from netdsl.compiler import tuning_cache
from netdsl.compiler.assemble import assemble
from netdsl.compiler.program import Program, kernel_table
from netdsl.compiler.stages import stages
from netdsl.compiler.translate.neutral import DEFAULT, alternatives, chosen, signature, words
from netdsl.compiler.tuning import Tuning
from netdsl.training.bare import training_arguments

SHAPES = [
    ("21x30x16", "conv(40, 3x3, pad=same, act=relu)"),
    ("29x17x33", "conv(32, 3x3, pad=same)"),
    ("40x33x24", "conv(100, 1x1, act=relu)"),
    ("33x40x3", "conv(40, 7x7, stride=2, pad=3)"),
    ("30x21x32", "conv(64, 3x3, stride=2, groups=2)"),
    ("9x9x20", "conv_transpose(33, 2x2, stride=2)"),
    ("300", "dense(70)"),
]
NET = """net T {
  input x: 60x60x16
  C: conv(32, 3x3, pad=same, act=relu)
  D: conv(64, 1x1)
  out: dense(3, act=softmax)
}"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setenv("NETDSL_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def unmeasured(monkeypatch):
    """Fails a test that measures."""
    monkeypatch.setattr(Program, "time_steps", lambda *_, **__: pytest.fail("it measured"))


def compiled(**how) -> Program:
    return netdsl.compile(netdsl.parse(NET), batch=2, threads=1, **how)


class Choose:
    """Gives every step its k-th choice, the last where it has fewer; `most` is how many one had."""

    def __init__(self, k: int) -> None:
        self.k, self.most = k, 1

    def __call__(self, step, images):
        ways = alternatives(step, images)
        self.most = max(self.most, len(ways))
        return chosen(step, ways[min(self.k, len(ways) - 1)], images)


@pytest.mark.parametrize("isa", core.isas())
@pytest.mark.parametrize(("size", "call"), SHAPES)
def test_no_choice_changes_a_bit(size, call, isa):
    net = netdsl.parse(f"net A {{\ninput x: {size}\ny: {call}\n}}")
    *_, (_, program) = stages(net)
    weights, found, k, most = net.initialise(), set(), 0, 2
    x = np.random.default_rng(0).normal(size=(3, *net.nodes["x"].shape)).astype(np.float32)
    while k < most:
        choose = Choose(k)
        plan = assemble(program, batch=3, threads=3, table=kernel_table(isa), choose=choose)
        found |= {Program(plan, weights, threads)(x).tobytes() for threads in (1, 2, 3)}
        k, most = k + 1, choose.most
    assert (len(found), most > 1) == (1, True)


def test_what_was_measured_is_kept(cache, monkeypatch):
    tuned = compiled(tune=True)
    (file,) = cache.glob("tuning-*.json")
    assert len(json.loads(file.read_text())["entries"]) == 2
    monkeypatch.setattr(Program, "time_steps", lambda *_, **__: pytest.fail("it measured"))
    again = compiled(tune=True)
    assert np.array_equal(again.plan.records, tuned.plan.records)


def test_without_being_asked_nothing_is_tuned_nor_read(cache, unmeasured):
    compiled()
    assert not list(cache.iterdir())


def test_tuning_without_measuring_takes_what_is_known(cache, unmeasured):
    assert np.array_equal(compiled(tune=Tuning(measure=False)).plan.records, compiled().plan.records)


def test_the_fastest_choice_is_taken_where_it_gains_enough(cache, monkeypatch):
    def times(self, records, arrays, **_):
        table = kernel_table(None).fields
        return np.array([1000 if row[table["block"]] == 28 else 5000 for row in records])

    monkeypatch.setattr(Program, "time_steps", times)
    plan = compiled(tune=True).plan
    at = next(k for k, step in enumerate(plan.steps) if step.kernel == "conv_winograd")
    assert plan.records[at][kernel_table(None).fields["block"]] == 28
    assert ("by the rule", "5 µs here, against 1") in plan.steps[at].refused


def test_a_gain_within_the_noise_changes_nothing(cache, monkeypatch):
    def times(self, records, arrays, **_):
        return np.array([4950 if row[kernel_table(None).fields["block"]] == 28 else 5000 for row in records])

    monkeypatch.setattr(Program, "time_steps", times)
    assert np.array_equal(compiled(tune=True).plan.records, compiled().plan.records)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no json",
        "[]",
        '{"format": 1}',
        '{"format": 9, "entries": {}}',
        '{"format": 1, "entries": []}',
        "[" * 100_000,
        b"\xff\xfe",
    ],
    ids=range(8),
)
def test_a_corrupt_file_is_a_miss_and_replaced(cache, text):
    compiled(tune=True)
    (file,) = cache.glob("tuning-*.json")
    good = json.loads(file.read_text())["entries"].keys()
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    compiled(tune=True)
    assert json.loads(file.read_text())["entries"].keys() == good


@pytest.mark.parametrize("entry", [None, 3, [], [[[], "x"]], [[[], -1.0]], [[[["block", 3]], 1.0]], [[[["x"]], 1.0]]])
def test_a_corrupt_entry_is_a_miss_and_replaced(cache, entry):
    compiled(tune=True)
    (file,) = cache.glob("tuning-*.json")
    document = json.loads(file.read_text())
    name = next(iter(document["entries"]))
    document["entries"][name] = entry
    file.write_text(json.dumps(document))
    compiled(tune=True)
    assert json.loads(file.read_text())["entries"][name][0] > [[], 0]


def test_an_entry_that_names_what_is_no_choice_cannot_change_a_plan(cache, unmeasured):
    machine = tuning_cache.Machine(core.cpu(), core.isa(), core.kernel_hash(), 1)
    strange = {(("block", 7777),): 1.0, DEFAULT: 5.0}
    tuning_cache.store_times(machine, {"2-4 conv_winograd": strange})
    assert np.array_equal(compiled(tune=Tuning(measure=False)).plan.records, compiled().plan.records)


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NETDSL_CACHE", str(tmp_path / "file" / "below"))
    compiled(tune=True)


def test_a_disk_that_refuses_is_no_error(cache, monkeypatch):
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    compiled(tune=True)
    assert not list(cache.iterdir())


def test_two_machines_and_two_thread_counts_have_files_of_their_own(cache):
    one = tuning_cache.Machine("a", "avx2", "0", 1)
    others = [tuning_cache.Machine(*m) for m in (("b", "avx2", "0", 1), ("a", "base", "0", 1), ("a", "avx2", "0", 2))]
    assert len({m.file() for m in (one, *others)}) == 4


@pytest.mark.parametrize(("batch", "name"), [(1, "1"), (2, "2-4"), (4, "2-4"), (5, "5+"), (64, "5+")])
def test_batches_share_choices_by_bucket(batch, name):
    assert tuning_cache.bucket(batch) == name


def test_a_signature_knows_the_image_and_not_the_choice():
    fields = {"in_h": 8, "out_h": 8, "stride_h": 1, "pad_top": 0, "block": 28, "staged": 1, "chunks": 3}
    assert signature("conv", fields) == "conv in_h=8 out_h=8 stride_h=1"


def test_tuning_a_training_step_leaves_the_weights_alone(cache):
    net = netdsl.parse(NET)
    weights = net.initialise(1)
    before = {name: weights[name].copy() for name in net.tensors}
    netdsl.compile(net, weights, batch=2, threads=1, tune=True, **training_arguments(net))
    assert all(np.array_equal(weights[name], before[name]) for name in before)


def test_progress_ends_at_the_whole(cache):
    shares: list[float] = []
    compiled(tune=Tuning(report=shares.append))
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_choices_have_words():
    assert words(DEFAULT) == "by the rule"
    assert words((("task_rows", 56), ("task_panels", 4))) == "56 pixels a task, 64 channels a task"
    assert words((("staged", 0), ("block", 28))) == "in blocks of 28 tiles"
