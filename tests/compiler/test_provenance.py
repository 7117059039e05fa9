"""Which operations as lowered an operation of the rewritten program carries out."""

import netdsl
from netdsl.compiler.provenance import carried_out, tensors_behind
from netdsl.compiler.stages import stages


def test_a_fused_product_carries_out_all_that_led_to_it():
    net = netdsl.parse("net A { input x: 8x8x3; k: conv(4, 3x3, bias=false); b: batchnorm; r: relu }")
    programs = dict(stages(net))
    (product,) = [op for op in programs["choose"].ops if op.kind == "conv"]
    parts = carried_out(programs["lower"], programs["choose"])[product.outs[0]]
    assert [part.origin for part in parts] == ["k", "b", "r"]
    assert tensors_behind(programs["choose"], product.ins[1:2]) == ["k.weight", "b.var", "b.gamma"]
