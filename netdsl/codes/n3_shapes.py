"""Codes N3xx: shapes and arithmetic."""

from netdsl.codes.page import Page

PAGES: tuple[Page, ...] = (
    Page(
        "N301",
        "no output",
        "The window is larger than its padded input. The size of the output is floor((size + pads - "
        "(dilation·(kernel - 1) + 1))/stride) + 1, and that is below 1. The chain of sizes shows which layers "
        "took the rest away.",
    ),
    Page(
        "N302",
        "an input of the wrong rank",
        "The layer slides over an image HxWxC or a sequence LxC, and its input is a vector, or the other way "
        "round. `reshape(1x1xC)` makes an image of a vector, `flatten` a vector of an image.",
    ),
    Page(
        "N303",
        "one number for each axis",
        "A kernel, stride or dilation is one number, or one for each spatial axis of the input.",
    ),
    Page(
        "N304",
        "padding that does not fit",
        "`pad` is `valid`, `same`, `causal` (sequences only), one number, one for each axis, or one for each "
        "side. A pool's padding is less than its window.",
    ),
    Page(
        "N305",
        "groups that do not divide",
        "Both the channels of the input and the filters are cut into `groups` equal parts.",
    ),
    Page(
        "N306",
        "a number beyond 64 bits",
        "Integers are 64-bit, and a size is at most 2^31 - 1; the count of elements, parameters or multiply- "
        "adds does not fit.",
    ),
    Page(
        "N307",
        "a count that does not match",
        "`reshape` keeps the number of elements: the product of the new sizes equals that of the old ones.",
    ),
    Page(
        "N308",
        "shapes that cannot be merged",
        "Values are joined or combined only where their sizes agree. For `add` and its like, axes of size 1 "
        "stretch; `fit=crop` and `fit=pad` make images of different sizes agree.",
    ),
    Page(
        "N309",
        "an axis that does not exist",
        "Axes count from 0 without the batch: 0 is the height of an image, 2 its channels; negative ones "
        "count from the end.",
    ),
    Page(
        "N310",
        "an order or range that does not fit",
        "The numbers do not fit the axes of the input.",
    ),
    Page(
        "N311",
        "a size that is no size",
        "Sizes count from 1 to 2^31 - 1: an image without height holds nothing to look at.",
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
