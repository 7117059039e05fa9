import numpy as np

import netdsl
from netdsl.compiler.lower import lower
from netdsl.compiler.passes.early import update_early
from netdsl.ops.expression import operands
from netdsl.ops.op import BATCH, Build
from netdsl.training.bare import SCALARS, training_program

x0, x1 = operands(2)


def two_layers(update):
    """y = (x·a)·b, the sum of y differentiated, and both weights updated."""
    b = Build()
    x, wa, wb = b.input("x", (BATCH, 3)), b.tensor("a", (3, 4), "param"), b.tensor("b", (4, 2), "param")
    h = b.add("dot", x, wa, transpose="none", name="h")
    b.outputs["y"] = b.add("dot", h, wb, transpose="none", name="y").id
    b.phase = "backward"
    dy = b.map(x0 * 2, b.values[b.outputs["y"]], name="dy")
    gb = b.add("dot", h, dy, transpose="a", name="gb")
    dh = b.add("dot", dy, wb, transpose="b", name="dh")
    ga = b.add("dot", x, dh, transpose="a", name="ga")
    b.phase = "update"
    update(b, [(wb, gb), (wa, ga)])
    return b.finish()


def plain(b, pairs):
    for w, g in pairs:
        b.add("assign", w, b.map(x0 - x1, w, g, name=f"new {w.name}"))


def test_an_update_follows_the_last_reader_of_the_old_numbers(same_values):
    before = two_layers(plain)
    after = update_early(before)
    assert str(before).splitlines()[3:] == [
        "gb = dot(h, dy, transpose=a)",
        "dh = dot(dy, b, transpose=b)",
        "ga = dot(x, dh, transpose=a)",
        "new b = map(b, gb, expression=x0 - x1)",
        "assign(b, new b)",
        "new a = map(a, ga, expression=x0 - x1)",
        "assign(a, new a)",
    ]
    assert str(after).splitlines()[3:] == [
        "gb = dot(h, dy, transpose=a)",
        "dh = dot(dy, b, transpose=b)",
        "new b = map(b, gb, expression=x0 - x1)",
        "assign(b, new b)",
        "ga = dot(x, dh, transpose=a)",
        "new a = map(a, ga, expression=x0 - x1)",
        "assign(a, new a)",
    ]
    same_values(before, after)


def clipped(b, pairs):
    total = b.map(
        x0 + x1, *(b.add("reduce", b.map(x0 * x0, g), axes=(0, 1), keep=False) for _, g in pairs), name="norm"
    )
    for w, g in pairs:
        b.add("assign", w, b.map(x0 - x1, w, b.map(x0 / x1, g, total)))


def test_updates_that_look_at_all_gradients_stay_at_the_end(same_values):
    before = two_layers(clipped)
    assert update_early(before).ops[:6] == before.ops[:6]
    same_values(before, update_early(before))


def test_moving_statistics_stay_behind_the_backward_phase():
    net = netdsl.parse("net E { input x: 6x6x3; conv(4, 3x3) | batchnorm; out: dense(2) }")

    def loss(build, outputs):
        return build.add("reduce", outputs["out"], axes=(0, 1), keep=False)

    program = update_early(lower(net, training=True, loss=loss, update=plain, wrt=net.learned))
    backward = max(k for k, op in enumerate(program.ops) if op.phase == "backward")
    roles = [(k, program.values[op.ins[0]].role) for k, op in enumerate(program.ops) if op.kind == "assign"]
    assert all(k > backward for k, role in roles if role == "state")
    assert any(k < backward for k, role in roles if role == "param")


def test_early_updates_need_one_gradient_at_a_time_and_leave_the_bits_alone(monkeypatch):
    text = "net E { input image: 64; dense(64); dense(64); dense(64); dense(64); out: dense(64, act=softmax) }"
    x, results = np.random.default_rng(0).standard_normal((4, 64)).astype(np.float32), []
    for early in (update_early, lambda program: program):
        monkeypatch.setattr("netdsl.compiler.stages.update_early", early)
        program = training_program(netdsl.parse(text), batch=4)
        program.step({"image": x, "labels": np.arange(4, dtype=np.int32)}, **SCALARS)
        results.append((program.plan.arena, {n: program.weights[n].tobytes() for n in program.weights}))
    assert results[0][0] < results[1][0] / 2 and results[0][1] == results[1][1]
