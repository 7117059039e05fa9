"""Codes N52x: taking over another net's weights, and changing and freezing a net."""

from netdsl.codes.page import Page

PAGES: tuple[Page, ...] = (
    Page(
        "N520",
        "a pattern that matches nothing",
        """`freeze`, `unfreeze` and `fresh` name nodes as `netdsl summary` lists them; `map` pairs names of tensors. In a
pattern `*` stands for anything within one part of a path, `**` for anything across parts, and `[0-12]` for an index of
that range. The name of a scope or a family stands for all nodes in it.

    freeze "C1", "stage[0-2].**"
    map    "features.**=backbone.**"

A pattern that matches nothing is an error, so that a slip does not train what was to stay as it is. Both sides of a
pair have the same number of wildcards.""",
    ),
    Page(
        "N521",
        "layers that cannot be taken off or put on",
        """`pop 2` takes the last two layers off a net, from its one output on; each must read one value. `append` puts
calls of layers there. Where a net ends in a merge, or has several outputs, write the shorter net in a file of its own:
blocks are shared by import.""",
    ),
    Page(
        "N522",
        "weights of which nothing fits",
        """Not one tensor of the file has the name and shape of one of the net, or two are for the same one. Weights go by
name, so that a net with other names needs `map`:

    netdsl train mine.net --weights theirs.safetensors --map 'features.**=backbone.**'""",
    ),
    Page(
        "N523",
        "a net in which nothing learns",
        """Every layer is frozen, or has no weights. Freeze less, or name what learns with `unfreeze`; to run a trained net as it
is, there are `netdsl features` and `netdsl predict`.""",
    ),
    Page(
        "N525",
        "doubles that float32 cannot hold",
        """The weights of another program are read exactly or not at all, and netdsl computes in float32. Convert the file
where it was written, rounding on purpose: `array.astype(numpy.float32)`.""",
    ),
    Page(
        "N526",
        "weights that are not finite",
        """`--strict` was given, and a tensor holds NaN or an infinity. Without it there is a warning, W501: the net can be
looked at, though what it computes with these numbers means nothing.""",
    ),
    Page(
        "N527",
        "features in a format that is not written",
        """`netdsl features --out` writes `.npz`, which NumPy reads, or `.safetensors`, which programs in any language
read. The ending of the name says which.""",
    ),
    Page(
        "N528",
        "nets that cannot be asked together",
        """The mean of what several nets say has a meaning only where they were trained to tell the same classes apart, in
the same order, and with the same loss. Their layers, the sizes of their inputs, and their preparation of images may
differ.""",
    ),
    Page(
        "N529",
        "nets that cannot be trained together",
        """`recipe gan` takes a generator and a discriminator, in this order, each with one input and one output. The
generator makes what the discriminator takes; the discriminator gives one number, a sigmoid or its logit.

    train Generator, Discriminator {
      recipe    gan
      optimizer Generator=adam(lr=2e-4, beta1=0.5), Discriminator=adam(lr=2e-4, beta1=0.5)
    }""",
    ),
)
