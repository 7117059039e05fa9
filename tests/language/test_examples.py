"""What the language's description shows, statement by statement and layer by layer, on the engine against float64."""

import numpy as np
import pytest

import netdsl
from netdsl.reference import run_net

ACTIVATIONS = (
    "relu leaky_relu leaky_relu(0.2) elu selu gelu sigmoid tanh scaled_tanh softmax softplus swish hard_swish relu6 "
    "abs none"
)
INITIALISERS = (
    "glorot_uniform glorot_normal bilinear he_normal he_uniform lecun_normal normal(0.1) uniform(-0.1,0.1) zeros ones "
    "constant(0.5) identity edge sharpen box gauss3 laplacian sobel_x"
)
PADS = ("valid", "same", "1", "(1, 2)", "(0, 1, 2, 3)")
STATEMENTS = {
    "one axis": "input s: 16x3; conv(4, 5, pad=causal, dilation=2) | maxpool(2); dense(7)",
    "a vector": "input s: 84; dense(10)",
    "names of chains": "input x: 8x8x3; C1: conv(4, 3x3) | relu | maxpool(2x2); dense(3)",
    "families": "input x: 8x8x3; for i in 3 { skip[i]: conv(4, 3x3, pad=same); from x }; add(skip)\n"
    "for i in 2 { for j in 2 { y[i][j]: conv(2, 1x1) } }; concat(y[1])",
    "repetition": "input x: 8x8x3; conv(4, 3x3, pad=same) * 3; (conv(4, 1x1) | relu) * (3 - 1)",
    "branches": "input x: 8x8x3\nconcat {\n- conv(2, 1x1)\n- a: conv(2, 3x3, pad=same) if _.c == 3 else id\n"
    "- id if _.c > 5\n}\nmul {\n- id\n- sigmoid\n}\nmax {\n- id\n- relu\n}\nmean {\n- id\n- relu\n}",
    "choices in a chain": "input x: 8x8x3; conv(4, 3x3) | (maxpool(2x2) if _.h > 4 else id) | (relu if _.c == 9)",
    "from and output": "input x: 8x8x3; p4: conv(4, 3x3); relu\nadd {\n- from p4 | conv(21, 1x1)\n- conv(21, 1x1)\n}\n"
    "box: from p4 | dense(4); cls: from p4 | dense(2); output box, cls",
    "a table": "input x: 16x16x3; for [t, c, n, s] in [[1, 4, 2, 1], [2, 6, 1, 2]] {\n"
    "conv(t*c, 3x3, pad=same, stride=s) * n\n}\nfor i, n in [1, 2] { conv(4 * (i + 1), 1x1) * n }",
    "a head": "input x: 8x8x3; a: conv(4, 3x3); head aux(weight=0.3) from a { dense(2, act=softmax) }\n"
    "global_avgpool | dense(2)",
    "defaults": "default conv(pad=same, bias=false); input x: 8x8x3; conv(4, 3x3) | conv(4, 3x3, bias=true)",
    "let and assert": 'let k = 3; input x: 8x8x3; y: conv(4, k, act=relu) -> 6x6x4; assert y.shape == 6x6x4, "said"\n'
    "assert always y.params == k**2 * 3 * 4 + 4; assert y.rf == 3",
    "blocks": "input x: 17x17x1; level(2) { level(4) { bottom: conv(8, 1x1) } }; conv(2, 1x1)",
    "shared blocks": "input x: 8x8x3; input z: 8x8x3; a: from x | tower(); b: from z | tower(share=a)\n"
    "sub(a, b) | abs | dense(1, act=sigmoid)",
    "shared layers": "input x: 8x8x4; a: conv(4, 3x3, pad=same); b: conv(4, 3x3, pad=same, share=a)",
    "imports": "input x: 32x32x3; r.cbr(8, 3)",
}
LAYERS = {
    "conv": "input x: 9x8x4; conv(6, 3x3, stride=2, pad=1, dilation=2, groups=2, bias=false, act=gelu, flip=true)",
    "3-D": "input x: 5x6x7x2; conv(3, 3x3x3, pad=1) | maxpool(2) | conv(2, 2)",
    "conv_transpose": "input x: 5x6x4; conv_transpose(3, 3x3, stride=2, pad=1, output_pad=1)",
    "conv_transpose in groups": "input x: 5x6x4\n"
    "conv_transpose(4, 3x3, stride=2, pad=1, groups=2, dilation=2, act=relu)",
    "depthwise": "input x: 9x9x4; depthwise(3x3, multiplier=2, stride=2, pad=same) | separable(6, 3x3, pad=1)",
    **{
        kind: f"input x: 9x8x3; {kind}(3x3, stride=2, pad=1, ceil=true, act=relu)"
        for kind in ("maxpool", "avgpool", "sumpool", "minpool")
    },
    "count_pad": "input x: 9x8x3; avgpool(3x3, stride=2, pad=1, count_pad=false) | subsample(2x2)",
    "whole maps": "input x: 9x8x3; a: global_avgpool; b: from x | global_maxpool\n"
    "p: from x | adaptive_avgpool(7x7) | flatten; concat(a, b, p)",
    "dense on a sequence": "input x: 9x8; dense(5) | flatten | dense(3)",
    "shapes": "input x: 8x8x4; reshape(4x16x4) | slice(1, 3, axis=0) | pad(1) | pad((1, 2, 3, 0)) | crop(1)\n"
    "upsample(2, mode=bilinear) | upsample(2) | permute((1, 0, 2))",
    "crop": "input x: 9x9x4; a: conv(2, 3x3); from x | crop(like=a); from x | crop(like=a, offset=1)",
    "normalisation": "input x: 8x8x4; batchnorm(eps=1e-3, momentum=0.9) | layernorm | groupnorm(2) | instancenorm\n"
    "lrn(3) | dropout(0.3) | noise(0.1) | prelu",
    "concat along the height": "input x: 8x8x3; a: conv(3, 1x1); concat(a, x, axis=0)",
    "stretched operands": "input x: 8x8x4; s: global_avgpool | dense(4, act=sigmoid); mul(x, s) | relu",
    "sub": "input x: 8x8x4; a: conv(4, 1x1); sub(x, a)",
    "gate": "input x: 8; y: dense(8, act=relu); t: from x | dense(8, act=sigmoid); gate(y, t, x) | complement",
    "rbf": "input x: 84; rbf(10) | complement | softmax",
    "connection tables": "input x: 14x14x6; conv(16, 5x5, table=lenet_c3); conv(2, 3x3, table=[[0, 1, 2], [3, 15]])",
    "settings": "input x: 8x8x3; conv(3, 3x3, l1=1e-4, l2=1e-4, bias_l1=1e-5, bias_l2=1e-5, act_l1=1e-6, act_l2=1e-6, "
    "constraint=max_norm(2), bias_constraint=non_neg, lr=0.5, decay=0.1, trainable=false)\n"
    "dense(3, constraint=unit_norm)",
    **{f"pad={pad}": f"input x: 9x8x3; conv(5, 3x3, stride=2, pad={pad})" for pad in PADS},
    **{f"act={act}": f"input x: 4x4x4; conv(3, 3x3, act={act})" for act in ACTIVATIONS.split()},
    **{f"{act} as a layer": f"input x: 4x4x4; {act}; activation({act})" for act in ACTIVATIONS.split()},
    **{f"fit={fit}": f"input x: 8x8x3; a: conv(2, 3x3); concat(a, x, fit={fit}, act=relu)" for fit in ("pad", "crop")},
    **{
        f"init={init}": f"input x: 8x8x3; conv(3, 3x3, init={init}, bias_init=constant(0.1))"
        for init in INITIALISERS.split()
    },
    **{f"init={init}": f"input x: 8x8x3; conv(3, 5x5, init={init})" for init in ("gauss5", "unsharp")},
}
HEAD = """
import "blocks/resnet.net" as r
block tower() { conv(4, 3x3, pad=same) | batchnorm }
block level(w) {
  d: conv(w, 3x3, pad=same)
  maxpool(2x2)
  body
  conv_transpose(w, 2x2, stride=2)
  concat(d, _, fit=crop)
}
"""


def agrees(net):
    """The engine's outputs for three images against those of the reference in float64."""
    weights = net.initialise(seed=3)
    draw = np.random.default_rng(0)
    given = {name: draw.uniform(0.1, 1, (3, *net.nodes[name].shape)).astype(np.float32) for name in net.inputs}
    found = netdsl.compile(net, weights, batch=3)(given if len(given) > 1 else next(iter(given.values())))
    wanted = run_net(net, weights, given, dtype=np.float64)
    for name, y in (found if isinstance(found, dict) else {next(iter(net.outputs)): found}).items():
        truth = wanted[net.outputs[name]]
        assert y.shape == truth.shape
        assert np.abs(y - truth).max() <= 1e-5 * np.abs(truth).max()


@pytest.mark.parametrize("name", STATEMENTS)
def test_statement_means_what_the_reference_gives(name):
    agrees(netdsl.parse(f"{HEAD}\nnet A {{\n{STATEMENTS[name]}\n}}"))


@pytest.mark.parametrize("name", LAYERS)
def test_layer_gives_what_the_reference_gives(name):
    agrees(netdsl.parse(f"net A {{\n{LAYERS[name]}\n}}"))


def test_symbolic_size_is_fixed_by_a_parameter():
    agrees(netdsl.parse("net W(T=any) { input s: {T}x3; conv(4, 3, pad=same); global_avgpool | dense(2) }", T=100))
