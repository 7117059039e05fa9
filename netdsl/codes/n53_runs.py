"""Codes N53x: keeping runs, and taking them up again."""

from netdsl.codes.page import Page

PAGES: tuple[Page, ...] = (
    Page(
        "N530",
        "nothing to resume from",
        """`netdsl train --resume RUN` takes the folder of a run, in which checkpoints `step-STEP.checkpoint` lie. The
folder has none, or a file of that name is of another kind: not a checkpoint of netdsl.""",
    ),
    Page(
        "N531",
        "a damaged checkpoint",
        """The file is not the one that was written: its length, its head, a SHA-256 or its record is wrong; the message says
which. A checkpoint before it is used where there is one, with the warning W502. Where none is whole, netdsl repairs none by
guessing. It then looks for the newest weights in the folder that are whole, and gives the command that begins a new
training with them:

    = help: `netdsl train runs/lenet5/net.net:LeNet5 --weights runs/lenet5/weights.safetensors` begins a new training
      with what was learned by step 170

The optimiser begins anew, so this is not the run that was lost. Settings that were given as options are given again.""",
    ),
    Page(
        "N532",
        "a checkpoint of a newer netdsl",
        """The file is whole, but a later version wrote it in a format that this one does not know. Update netdsl; the
message says which version wrote the file.""",
    ),
    Page(
        "N533",
        "a run that was begun otherwise",
        """A resumed run ends with the bits of the run that never stopped. That holds only for the same net, parameters,
settings, data and build, and one of them has changed:

    error[N533]: `runs/lenet5` was begun otherwise: `epochs` was `10`, is `20`

`netdsl train --resume RUN` alone takes net and settings from the run. With NET, its `train` block and the options of
this command must say the same as when the run was begun. `--override` goes on with what is given now; threads, memory
and `--save-every` may always change.""",
    ),
    Page(
        "N534",
        "a folder that another run is using",
        """Two trainings in one folder would overwrite each other's checkpoints. The message has the number of the process
that holds the folder; the hold ends with that process, however it ends. Give `--out` another folder, or stop the
process: `kill PID` lets it save first.""",
    ),
    Page(
        "N535",
        "no room on the disk for a run",
        """A run keeps its last two checkpoints, and writes the next one beside them; each holds the weights and the
optimiser's numbers. The disk has less room than that, and it is better to know at once than at night. Free some space, or
give `--out` a folder on another disk.""",
    ),
    Page(
        "N537",
        "not a number of steps or a time",
        """`--save-every` says how often a checkpoint is written inside an epoch: `500` is a number of steps; `90s`, `10m`
and `2h` are times. Between two epochs one is always written. It does not change the result.""",
    ),
)
