"""Codes N3xx: shapes and arithmetic."""

from netdsl.codes.page import Page

PAGES: tuple[Page, ...] = (
    Page(
        "N301",
        "no output",
        "The window is larger than its padded input, or a crop takes everything. The size of the output is floor((size + "
        "pads - (dilation·(kernel - 1) + 1))/stride) + 1, and that is below 1: a 5x5 window on a 3x3 input gives (3 - 5)/1 "
        "+ 1 = -1. The chain of sizes shows which layers took the rest away; a smaller kernel, more padding, or one pool "
        "fewer gives it back.",
    ),
    Page(
        "N302",
        "an input of the wrong rank",
        "The layer slides over an image HxWxC, a sequence LxC or a volume DxHxWxC, and its input is a vector. "
        "`reshape(1x1x120)` makes an image of a vector of 120; a layer such as `flatten` or `global_avgpool` before it may "
        "be one too early.",
    ),
    Page(
        "N303",
        "one number for each axis",
        "A kernel, stride or dilation is one number for all axes, or one for each spatial axis of the input: `3` or `3x5` "
        "for an image, `3` for a sequence.",
    ),
    Page(
        "N304",
        "padding that does not fit",
        "`pad` is `valid`, `same`, `causal` (sequences only), one number, one for each axis, or one for each side in the "
        "order top, bottom, left, right. A pool's padding is less than its window, or a window would see padding alone. "
        "The `output_pad` of `conv_transpose` is less than its stride or its dilation. The `offset` of `crop(like=v)` "
        "leaves room for v.",
    ),
    Page(
        "N305",
        "groups that do not divide",
        "Both the channels of the input and the filters are cut into `groups` equal parts: with `groups=2`, 96 channels "
        "and 256 filters are two convolutions from 48 channels to 128. Both numbers must be multiples of `groups`.",
    ),
    Page(
        "N306",
        "a number beyond its limit",
        "Integers are 64-bit, and a size is at most 2^31 - 1; the count of elements, parameters or multiply-adds, or the "
        "result of an expression, does not fit. Nothing was allocated.",
    ),
    Page(
        "N307",
        "a count that does not match",
        "`reshape` keeps the numbers and their order, so both shapes have the same product: 784 is 28x28x1 and 7x7x16, "
        "but not 28x28x3.",
    ),
    Page(
        "N308",
        "shapes that cannot be merged",
        "`concat` joins values that agree in all axes but the joined one. `add mul max mean sub` combine values that are "
        "equal or 1 in every axis, counted from the last: a vector of 64 stretches over 28x28x64. `fit=crop` cuts larger "
        "images about their centre, `fit=pad` puts zeros round smaller ones. Where channels differ, a 1x1 convolution "
        "makes them agree. `crop(like=v)` takes a part of an image that is at least as high and wide as v.",
    ),
    Page(
        "N309",
        "an axis that does not exist",
        "Axes count from 0 without the batch: 0 is the height of an image, 2 its channels; negative ones count from the "
        "end, so that -1 is always the channels.",
    ),
    Page(
        "N310",
        "a range that takes nothing",
        "`slice(start, stop)` takes the elements from `start` up to `stop`, which stays outside; both lie within the axis, "
        "and negative ones count from its end.",
    ),
    Page(
        "N311",
        "a size that is no size",
        "Sizes of inputs and of declared shapes count from 1 to 2^31 - 1.",
    ),
    Page(
        "N312",
        "a connection table that does not fit",
        "`table` has a row for each filter, with the input channels that it sees, counted from 0, each once and at least "
        "one: `conv(2, 3x3, table=[[0, 1], [2]])` on three channels. `table=lenet_c3` is for 16 filters on 6 channels. "
        "`groups` says the same in another way, so only one of them is given.",
    ),
    Page(
        "N313",
        "a size that a symbol leaves open",
        "With `T=any`, sizes are formulas in T. Here a formula goes one way for some T and another way for others, or it is "
        "of a kind that is not carried through. Write it so that it is the same for every T, or set a size: `-p T=100`.",
    ),
    Page(
        "N314",
        "weights that depend on a symbol",
        "With `T=any`, one set of weights serves every size, so no weight may have a shape that depends on T. "
        "`global_avgpool` makes a vector of any map; `dense` on a sequence works at each place.",
    ),
    Page(
        "N320",
        "a value of the wrong kind in an expression",
        "Arithmetic and order are for numbers, conditions and asserts are `true` or `false`, `for` runs over "
        "lists or counts. A boolean is not a number.",
    ),
    Page(
        "N321",
        "a number that is not finite",
        "The result is too large, not a real number, or a list that is too long.",
    ),
    Page(
        "N322",
        "division by zero",
        "`/`, `//` and `%` by zero, or zero to a negative power, have no value.",
    ),
)
