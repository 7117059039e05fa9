"""Codes W3xx: what `netdsl lint` finds."""

from netdsl.codes.page import Page

PAGES: tuple[Page, ...] = (
    Page(
        "W301",
        "a name that nothing uses",
        """A `let`, a parameter of a block or net, or the index of `for i, x in …` that no expression behind it reads. Often
the argument that should read it was forgotten: `block b(w, stride) { conv(w, 3x3) }`.""",
    ),
    Page(
        "W302",
        "a block or import that nothing uses",
        """No call names the block, or nothing that the import brings. A file without a net is there to be imported, and
its blocks count as used.""",
    ),
    Page(
        "W303",
        "defaults that no call takes",
        """A `default` counts for the calls written behind it, to the end of its body, and there is none of this kind. A
`default` never reaches into the blocks that are called.""",
    ),
    Page(
        "W304",
        "a condition that is always the same",
        """The condition names nothing, so one of its sides is never taken: `if false { … }`, or `* 0`. Conditions over
parameters and shapes are fine, as another `-p` decides them otherwise.""",
    ),
    Page(
        "W311",
        "a bias before batch normalisation",
        """Batch normalisation subtracts the mean of each channel, and with it whatever the layer before added to all of
the channel: (x·w + b) - mean(x·w + b) = x·w - mean(x·w). The bias costs memory and time, its gradient is 0, and the
normalisation adds a bias of its own. Write `bias=false`. Where published weights or counts have the bias, allow it:

    conv(8, 3x3) | batchnorm  # lint: allow W311""",
    ),
    Page(
        "W312",
        "dropout behind the last layer",
        """In training the answers of the net themselves would be dropped at random, and the loss compares what is left.
Dropout belongs before the last layer.""",
    ),
    Page(
        "W313",
        "a layer that changes nothing",
        "Its output is its input: `dropout(0)`, noise of 0, or a pool over single pixels with stride 1. Leave it out.",
    ),
    Page(
        "W314",
        "a stride larger than its window",
        """Between two windows lie pixels that nothing reads: `maxpool(2x2, stride=3)`. A window of one pixel, as in the
shortcuts of a ResNet, is not reported: there, leaving pixels out is the purpose.""",
    ),
    Page(
        "W315",
        "a normalisation of one number",
        """The mean of one number is the number, so what the normalisation gives is 0, or its bias, whatever comes:
`instancenorm` of a 1x1 map, `layernorm` of one channel, `batchnorm` of a vector in a training with `batch 1`.""",
    ),
    Page(
        "W316",
        "two dense layers with nothing between",
        """A product of a product is one product: W₂(W₁x + b₁) + b₂ = (W₂W₁)x + (W₂b₁ + b₂). Without an activation between
them two dense layers compute no more than one, only slower.""",
    ),
    Page(
        "W317",
        "an activation of itself",
        """The layer before ends with the same activation: `conv(8, 3x3, act=relu) | relu`. A second `relu` changes nothing;
a second `softmax` or `sigmoid` squeezes the numbers again, and gradients with them.""",
    ),
    Page(
        "W318",
        "a softmax of one number",
        """exp(x)/exp(x) = 1: the output is 1 for every input, and nothing is learned. For two classes take `sigmoid` over one
number, or `softmax` over two.""",
    ),
    Page(
        "W321",
        "a softmax before a loss that takes logits",
        """`cross_entropy` recognises a softmax that is the output itself, and computes both at once. Behind another layer,
such as `softmax | dropout(0.5)`, it takes the numbers as logits and puts them through softmax a second time; gradients
shrink, and training is slow.""",
    ),
    Page(
        "W322",
        "an activation before a loss that takes logits",
        """`binary_cross_entropy` recognises a sigmoid at the end of the net, and computes both at once; any other output is
taken as logits, whose sigmoid is the probability. Behind a `relu` no probability is ever below a half. End the net with
`act=sigmoid`, or without an activation.""",
    ),
    Page(
        "W323",
        "`same` with a stride beside imported weights",
        """With a stride, `pad=same` may need an odd number of pixels, and the odd one goes behind, as in TensorFlow. Other
frameworks, PyTorch among them, pad evenly. Shapes agree, and every window lies half a step elsewhere: the numbers of
imported weights would be wrong. `netdsl lint NET --weights FILE` reports the nodes where the file was not written by
netdsl; write the padding of the framework that trained them, such as `pad=1` for a 3x3 window.""",
    ),
)
