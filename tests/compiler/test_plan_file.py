"""Plan files run without the compiler, give the same bits, and are refused where anything is wrong with them."""

import copy
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

import netdsl
from netdsl import core
from netdsl.compiler.plan_file import PLAN, load_plan
from netdsl.errors import NetError
from netdsl.training.bare import SCALARS, training_program

TEXT = """net Tiny {
  input x: 16x16x16
  C: conv(16, 3x3, pad=same, bias=false) | batchnorm | relu
  D: conv(5, 3x3, stride=2, act=tanh)
  out: dense(3, act=softmax)
}
"""
NUMBERS = [-(2**62), -1, 0, 1, 2, 3, 16, 100, 2**20, 2**31, 2**40, 2**62]


@pytest.fixture(scope="module")
def tiny() -> netdsl.Program:
    net = netdsl.parse(TEXT)
    weights = net.initialise(3)
    weights["C.batchnorm_1.mean"] = np.linspace(-1, 1, 16)
    return netdsl.compile(net, weights, batch=2, threads=1)


@pytest.fixture
def path(tiny, tmp_path: Path) -> Path:
    tiny.save(tmp_path / "tiny.plan", {"net": "Tiny"})
    return tmp_path / "tiny.plan"


def images(count: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, 16, 16, 16)).astype(np.float32)


def refusal(path: Path) -> str:
    with pytest.raises(NetError) as caught:
        load_plan(path)
    assert path.name in str(caught.value)
    return caught.value.code


def resealed(path: Path, change) -> None:
    """The file with a changed document, sealed as if netdsl had written it."""
    tensors, document = PLAN.read(path)
    change(document)
    PLAN.write(path, tensors, document)


def test_a_loaded_plan_gives_the_same_bits(tiny, path):
    loaded = netdsl.load_plan(path)
    assert loaded.about == {"net": "Tiny"}
    assert np.array_equal(loaded(images(5)), tiny(images(5)))


def test_a_plan_without_values_between_input_and_output_is_loaded(tmp_path):
    program = netdsl.compile(netdsl.parse("net One { input x: 16x16x16; conv(5, 3x3, act=relu) }"))
    assert program.plan.arena == 0
    program.save(tmp_path / "one.plan")
    assert np.array_equal(netdsl.load_plan(tmp_path / "one.plan")(images(1)), program(images(1)))


def test_it_loads_and_runs_without_the_language_the_graph_and_the_compiler(path):
    code = (
        "import sys, netdsl, numpy as np; p = netdsl.load_plan(sys.argv[1]); p(np.zeros((3, 16, 16, 16), np.float32)); "
        "print([m for m in sys.modules if m.split('.')[0] in ('lark', 'networkx', 'click', 'rich') or "
        "m.startswith(('netdsl.language', 'netdsl.layers', 'netdsl.compiler.passes', 'netdsl.compiler.assemble'))])"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code, str(path)], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_a_training_plan_learns_as_the_program_that_wrote_it(tmp_path):
    program = training_program(netdsl.parse(TEXT), batch=4, threads=1)
    batch = {"x": images(4), "labels": np.arange(4, dtype=np.int32) % 3}
    program.step(batch, **SCALARS)
    program.save(tmp_path / "t.plan")
    loaded = load_plan(tmp_path / "t.plan", threads=1)
    for one in (program, loaded):
        one.step(batch, **{**SCALARS, "step": 2})
    assert set(loaded.weights) == set(program.weights)
    assert all(np.array_equal(loaded.weights[name], program.weights[name]) for name in program.weights)


def test_it_holds_what_was_prepared_and_not_what_that_was_made_of(path, tiny):
    loaded = load_plan(path)
    assert "C.conv_1.weight" in tiny.weights
    assert "C.conv_1.weight" not in loaded.weights
    assert not loaded.plan.prepare_steps


@pytest.mark.parametrize("isa", core.isas())
def test_kernels_are_looked_up_for_the_set_of_the_machine_that_loads(path, tiny, isa):
    loaded = load_plan(path, isa=isa)
    assert {step["isa"] for step in loaded.plan.describe()} == {isa}
    np.testing.assert_allclose(loaded(images(2)), tiny(images(2)), rtol=1e-4, atol=1e-6)


def test_records_are_written_by_names(path):
    _, document = PLAN.read(path)
    step = next(step for step in document["steps"] if step["node"] == "D")
    assert (step["kernel"], step["record"]["stride_h"], step["record"]["out_c"]) == ("conv", 2, 5)
    assert "kernel" not in step["record"]
    assert "isa" not in step


def test_threads_follow_the_one_who_loads_and_the_bits_do_not(path, tiny):
    assert [load_plan(path, threads=n)(images(2)).tobytes() for n in (1, 2, 3)] == [tiny(images(2)).tobytes()] * 3


@pytest.mark.parametrize("keep", [0, 5, 8, 9, 200, -1])
def test_a_shortened_file_is_damaged(path, keep):
    path.write_bytes(path.read_bytes()[:keep])
    assert refusal(path) == "N731"


def test_no_changed_byte_goes_unseen(path):
    whole, rng = path.read_bytes(), np.random.default_rng(0)
    for at in (*range(24), *rng.integers(0, len(whole), 150)):
        changed = bytearray(whole)
        changed[at] ^= 1 << rng.integers(8)
        path.write_bytes(changed)
        assert refusal(path) in ("N730", "N731")


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04" + bytes(99), b"net A {\n}\n", save({"a": np.zeros(2, np.float32)})], ids=len
)
def test_another_kind_of_file_is_no_plan_file(path, content):
    path.write_bytes(content)
    assert refusal(path) == "N730"


def test_a_later_format_is_named(path, monkeypatch, tiny):
    monkeypatch.setattr("netdsl.compiler.plan_file.PLAN", replace(PLAN, format=2))
    tiny.save(path)
    monkeypatch.undo()
    assert refusal(path) == "N732"


def test_a_plan_for_other_kernels_is_not_interpreted(path):
    resealed(path, lambda document: document.update(kernels="0" * 16))
    assert refusal(path) == "N732"


def places(document) -> list[tuple]:
    """Paths to every number and text of a document, but for the hash and the format."""
    found, open_ = [], [(key,) for key in document if key not in ("kernels", "format", "tensors", "written_by")]
    while open_:
        at = open_.pop()
        value = document
        for key in at:
            value = value[key]
        if isinstance(value, dict | list):
            open_ += [(*at, key) for key in (value if isinstance(value, dict) else range(len(value)))]
        else:
            found.append(at)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_a_forged_document_is_refused_or_runs_inside_its_buffers(path, seed):
    rng, (tensors, sound) = np.random.default_rng(seed), PLAN.read(path)
    every, refused = places(sound), 0
    for _ in range(60):
        forged = copy.deepcopy(sound)
        *way, last = every[rng.integers(len(every))]
        target = forged
        for key in way:
            target = target[key]
        target[last] = [*NUMBERS, "conv", "map", None, True, [], {}, 0.5][rng.integers(len(NUMBERS) + 7)]
        PLAN.write(path, tensors, forged)
        try:
            program = load_plan(path, threads=1)
            program({b.name: np.zeros((2, *b.shape), np.float32) for b in program.plan.inputs})
        except (NetError, MemoryError, ValueError):
            refused += 1
    assert refused > 20


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["bindings"].reverse(),
        lambda d: d["bindings"][-1].update(shape=[2**62]),
        lambda d: d["bindings"][-1]["layout"].update(kind="panel", groups=0),
        lambda d: d["steps"][0].pop("record"),
        lambda d: d["steps"][0]["record"].update(unheard_of=1),
        lambda d: d["steps"][0].update(kernel="sort"),
        lambda d: d["steps"][0].update(images=-1),
        lambda d: d["steps"][1].update(repeats=1),
        lambda d: d["steps"][1].update(repeats=-2),
        lambda d: d.update(arena=2**62),
        lambda d: d.update(about=[]),
        lambda d: d.pop("scalars"),
    ],
)
def test_a_document_that_does_not_hang_together_is_damaged(path, change):
    resealed(path, change)
    assert refusal(path) == "N731"


def test_expressions_are_proven_when_the_file_is_loaded(path):
    tensors, document = PLAN.read(path)
    tensors["consts"] = np.full_like(tensors["consts"], 1e9)
    del document["tensors"]
    PLAN.write(path, tensors, document)
    assert refusal(path) == "N731"


def test_a_plan_that_cannot_be_written_leaves_the_old_one(path, tiny, monkeypatch):
    before = path.read_bytes()
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(NetError, match="N505"):
        tiny.save(path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_the_document_is_json_that_others_can_read(path):
    raw = path.read_bytes()
    head = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    assert json.loads(head["__metadata__"]["netdsl_plan"].partition("\n")[2])["about"] == {"net": "Tiny"}


@pytest.mark.parametrize("path", [None, 3, b"net.plan"])
def test_what_is_no_path_is_no_plan_file(path):
    with pytest.raises(NetError, match=type(path).__name__) as error:
        load_plan(path)
    assert error.value.code == "N730"
