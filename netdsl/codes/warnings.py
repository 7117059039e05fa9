"""Codes Wxxx: warnings."""

from netdsl.codes.page import Page

PAGES: tuple[Page, ...] = (
    Page(
        "W201",
        "a value that nothing uses",
        "A layer's result has no name, no later layer reads it, and it is not an output: perhaps a `from` left it behind.",
    ),
    Page(
        "W203",
        "a block with the name of a layer",
        "The block wins: every call of this name in the file means the block, never the layer.",
    ),
    Page(
        "W501",
        "weights that are not finite",
        """Some tensors of the weight file hold infinities or NaN. They were read, but the net will answer NaN for some
or all images. A training that diverged leaves such weights; `netdsl train` stops before it saves them.""",
    ),
    Page(
        "W502",
        "a damaged checkpoint that was passed over",
        """The newest checkpoint of the run is damaged; the one before it is whole, and the training goes on from there. It does
the steps in between again, with the same bits. The disk may be failing.""",
    ),
)
