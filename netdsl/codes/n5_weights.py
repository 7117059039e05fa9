"""Codes N5xx: weights and runs."""

from netdsl.codes.page import Page

PAGES: tuple[Page, ...] = (
    Page(
        "N501",
        "not a netdsl weight file",
        """The file is of another kind: a Python pickle, a PyTorch or NumPy archive, HDF5, or safetensors that another
program wrote. Nothing in it was executed or unpacked.

`netdsl eval` and `netdsl predict` take the folder of a run, or the `weights.safetensors` in it. `--weights` also takes
safetensors that another program wrote: a PyTorch model becomes such a file by `safetensors.torch.save_file`.""",
    ),
    Page(
        "N502",
        "a damaged weight file",
        """The file is shorter or longer than its head says, tensors overlap or leave holes, a name comes twice, a number
is out of range, or a SHA-256 is not the one that was written with it. The message gives the place. Copy the file again;
if it was damaged where it was written, train again: netdsl never repairs weights by guessing.""",
    ),
    Page(
        "N503",
        "weights of a newer netdsl",
        """The file is whole, but a later version wrote it in a format that this one does not know. Update netdsl; the
message says which version wrote the file.""",
    ),
    Page(
        "N504",
        "weights that do not fit the net",
        """A tensor of the net is missing in the file, the file has one that the net lacks, or a shape differs. Up to ten
differences are listed. Weights belong to one text of a net and one set of its parameters, both of which the file of
a run carries. In Python, `netdsl.compile` refuses a dict with arrays that the net does not have; `Weights` may hold the
tensors of several nets.""",
    ),
    Page(
        "N505",
        "a run that cannot be written",
        """The disk is full, or the folder may not be written to, or is gone. Where the disk is full, over a quota or does not
answer, four attempts were made. What was saved before is whole: files are written under another name first, brought to
the disk, and renamed.""",
    ),
    Page(
        "N506",
        "an unknown setting",
        """A `train` block, or `--set key=value`, names a setting, loss, optimiser or argument that does not exist. The
nearest known name is proposed.

    netdsl train lenet5 --set optimizer.lr=0.1 --set batch=32

Settings are `data loss optimizer schedule epochs batch seed validation steps clip accumulate ema on_nan metrics stop
checkpoint overfit`; docs/training.md lists what each takes. A setting of the language that this version does not carry out is
refused too, not passed over.""",
    ),
    Page(
        "N507",
        "a setting with a value that does not fit",
        """The value is of the wrong kind or out of range, or it asks for what this training has not got: a score
that is not measured, a class metric where labels are numbers. `epochs`, `batch`, `accumulate` and `steps` are integers
from 1, `seed` one from 0; `validation` is the share of the training images that is only measured, at least 0 and below
1; `lr` and `decay` are numbers from 0, `momentum` one from 0 and below 1. docs/training.md lists what each setting
takes.""",
    ),
    Page(
        "N508",
        "a net that cannot be trained on images and classes",
        """Training on images and labels needs outputs that their loss can compare with the labels: one number for each class of
the data (for two classes one number may do), at each place of a map where the labels are masks. Masks that are larger than the output are cut to it about their centre, where the places of the output
are as far apart as pixels; a map that was sampled down has to be made finer first, with `upsample` or `conv_transpose`.

    the output `Out` is 10, and the data have 26 classes: `cross_entropy` takes one number a class

With several outputs, `loss cls=cross_entropy, box=mse` gives each its own. Where the net has a parameter for it, set it: `-p classes=26`.

What a training step has itself keeps its name: an input must not be called `labels`, an output not `loss` or `finite`, and no layer
as a number that each step is given is called, such as `lr`, `step` or `seed`.""",
    ),
    Page(
        "N509",
        "a loss that is not finite",
        """A step gave a loss, or weights, that are infinite or not a number; training on would spoil everything, so it stopped at
that step. The last checkpoint is kept, and the message names the first layer, going from the input on, or the first
gradient, going from the loss back, that is not finite.

With `on_nan skip` such a batch changes nothing; with `on_nan rollback` the epoch is begun again with half the step size,
at most 20 times in a run.

Usual causes: a step size that is too large (`--set optimizer.lr=0.001`), images that are not scaled (`| rescale` or
`| standardize(pixel)`), or logarithms of 0 in the net.""",
    ),
    Page(
        "N510",
        "a folder that is no run, or already is one",
        """`netdsl eval` and `netdsl predict` take a folder that `netdsl train` wrote, with `weights.safetensors` in it; a net has
to be trained first. A training that was stopped before its first epoch ended has none.

`--out FOLDER` makes a new folder, or fills an empty one; it never mixes two runs. `--resume FOLDER` goes on with one.
Without either, runs go to `runs/NAME`, `runs/NAME-2` and so on.""",
    ),
    Page(
        "N511",
        "data without a test part",
        """`netdsl eval` measures on images that training never saw: the folder `test` (or `val`) beside `train`, the
file `x_test.csv` beside `x_train.csv`, the arrays `x_test` and `y_test`, or the IDX files that begin with `t10k`. Give
data that have them with `--data`.""",
    ),
    Page(
        "N512",
        "data with other classes",
        """The class names of the test images, in order, are not those that the net was trained with, so that its answers
would be compared with the wrong labels. Plain numbers, as IDX files without `classes.txt` have them, agree with
any names.""",
    ),
    Page(
        "N513",
        "a package that an option needs",
        """Some options of a training need a package that netdsl does without otherwise; the message names the extra that
brings it, such as `pip install 'netdsl[tensorboard]'`. Scores are always written to `metrics.csv` and
`metrics.jsonl` in the folder of the run.""",
    ),
)
