"""Codes N7xx: the engine and the Python interface."""

from netdsl.codes.page import Page

PAGES: tuple[Page, ...] = (
    Page(
        "N701",
        "no tensor of that name",
        "The weights do not hold a tensor that the net needs, or you named one that does not exist. A tensor's name is the path of its node and "
        "its own name: `stage[0].conv_1.weight`. `list(weights)` lists them.",
    ),
    Page(
        "N702",
        "a tensor of another shape",
        "A tensor keeps the shape that its layer gives it: conv (kernel height, kernel width, in/groups, out), dense (in, out), bias (out).",
    ),
    Page(
        "N703",
        "not an array of the right type",
        "A program reads float32 images (N, H, W, C) and int32 labels (N,). netdsl does not convert other types in silence, because "
        "a uint8 picture needs its rescaling as well: `x.astype(numpy.float32) / 255`. A tensor of weights takes any real numbers.",
    ),
    Page(
        "N704",
        "the input has another shape",
        "The array's shape must be the batch followed by the shape that the net's `input` line declares. A single image "
        "needs the batch axis: `x[None]`.",
    ),
    Page(
        "N705",
        "inputs that do not match the net's",
        "Give every input of the net, and nothing else, in a dict by name; a net with one input takes the array itself. A training "
        "step also needs the numbers that its plan names, such as `lr` and `step`.",
    ),
    Page(
        "N706",
        "the wrong number of images",
        "All inputs of one call hold the same number of images. Inference takes any number; a training step takes from 1 up to "
        "the batch that the program was compiled for, since batch statistics and the mean loss are those of one batch.",
    ),
    Page(
        "N707",
        "no node of that name",
        "`want=` and `netdsl why` name nodes by their paths, as `netdsl summary` prints them.",
    ),
    Page(
        "N708",
        "a count or seed out of range",
        "`batch` is an integer from 1 to 1,048,576 and `threads` one from 1 to 256. More threads than cores are accepted; "
        "netdsl never changes the number in silence. A `seed` is an integer from 0 to 2,147,483,647: `1.0` and `True` are not "
        "taken for 1.",
    ),
    Page(
        "N709",
        "no such instruction set",
        "`isa=` and the environment variable NETDSL_ISA take `base`, `avx2` or `avx512`, and this processor must have it. Unset it to use "
        "the best one.",
    ),
    Page(
        "N710",
        "not enough memory",
        "The system refused the memory that the plan needs, or the weights, which nobody has drawn yet, are larger than what it has available. "
        "A smaller `batch` needs less: the arena grows with it. Weights do not depend on the batch: a smaller net has fewer.",
    ),
    Page(
        "N712",
        "no such algorithm",
        "`algorithm=` takes `auto`, by which convolutions of stride 1 with at least 16 channels are computed by Winograd's algorithm, those of "
        "3x3 from 6 pixels and those of 5x5 from 13 pixels on, and `direct`, by which every convolution is a direct sum.",
    ),
    Page(
        "N713",
        "a plan that does not fit the memory",
        "`memory=` and `--memory` bound what a plan needs: its arena, the tensors with their gradients and slots, inputs and outputs. (The "
        "interpreter and up to a few MiB for each thread come on top.) A training program that needs more keeps fewer values of the forward "
        "phase and computes them again; this is the least that netdsl knows. A smaller `batch` needs less.",
    ),
    Page(
        "N714",
        "not an amount of memory",
        "`--memory` takes bytes, or a number with a unit: `800M` and `2G` are mebibytes and gibibytes, `1.5G` and `2GiB` are fine, too.",
    ),
    Page(
        "N715",
        "a plan without a size",
        "The net has symbols, `T=any`, and a plan is for one size of each. A program makes one for each size that it meets; "
        "where a plan is shown, measured or saved, `-p T=100` or `net.at(T=100)` says for which.",
    ),
    Page(
        "N716",
        "a size that the net does not take",
        "The size of a symbol is too small for some layer, or leaves a remainder for which shapes do not meet. "
        "`netdsl check` lists what a net needs of its symbols, and which layers say so.",
    ),
    Page(
        "N717",
        "a layer without a lowering",
        "The engine runs what a layer's `lower` says in primitive operations. A layer of your own that has only `forward` is "
        "checked, counted and run in the NumPy reference, but not on the engine: give it a `lower`.",
    ),
    Page(
        "N718",
        "a training that does not fit the memory",
        "The plans of a training, that is their arenas, the tensors with gradients and slots, and the batches, need more than the system has "
        "available: the least of what the machine says, and what the limits of its control groups and of the process leave. Nothing was "
        "allocated. A smaller `batch` needs less; with `--memory` a step keeps less and computes it again, with the same bits.",
    ),
    Page(
        "N719",
        "not a net",
        'Python compiles a net, not its name: `netdsl.compile(netdsl.load("lenet5"))`. `netdsl.load` reads a file or one that ships, '
        "`netdsl.parse` a text.",
    ),
    Page(
        "N720",
        "no such pass",
        "`netdsl compile NET --until PASS` takes the name of a pass, as `netdsl compile --help` lists them in their order. A pass that "
        "runs twice has a number the second time: `remove_dead:2`. `lower` is the program before all passes, `choose` says which "
        "convolutions take a fast algorithm, `layout` how weights lie, and `plan` is the table of steps.",
    ),
    Page(
        "N730",
        "not a plan file",
        "`netdsl.load_plan`, and the verbs where a file ends in `.plan`, take what `netdsl compile NET -o net.plan` or `program.save(…)` "
        "wrote. The weights of a training are no plan: `netdsl compile runs/NAME -o net.plan` makes one of them. Nothing in the file was "
        "executed.",
    ),
    Page(
        "N731",
        "a damaged plan file",
        "The file is shorter or longer than its head says, a SHA-256 is not the one that was written with it, or what it says does not "
        "hang together. Every record is proven to stay inside its buffers before it runs. Copy the file again, or compile again.",
    ),
    Page(
        "N732",
        "a plan of another version",
        "The file is whole, but a later netdsl wrote it, or its steps were made for kernels with other sources than those of this build. A plan "
        "is never reinterpreted: compile the net again with this version.",
    ),
    Page(
        "N740",
        "a node that slides no window",
        "`netdsl trace` works out convolutions and max, average, sum and min pools, window by window. The message lists those of the net.",
    ),
    Page(
        "N741",
        "a place that the output has not got",
        "Positions and channels count from 0: a map of 28x28x6 has positions 0,0 to 27,27 and channels 0 to 5. A sequence has one "
        "number in its position, a volume three.",
    ),
    Page(
        "N742",
        "a node that sees no picture",
        "`netdsl receptive` draws on a photograph, so that the node has to read an input HxWxC.",
    ),
    Page(
        "N743",
        "a size that has no value",
        "`netdsl trace` and `netdsl receptive` work on numbers: of a net with a symbolic size (`T=any`) set it, `-p T=64`.",
    ),
)
