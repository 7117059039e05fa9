"""Codes N2xx: names and arguments."""

from netdsl.codes.page import Page

PAGES: tuple[Page, ...] = (
    Page(
        "N201",
        "an unknown name",
        "A name is a `let`, a parameter or a loop variable, else a label above it in the same scope, else a "
        "word that the argument knows, such as `same` or `relu`. A name inside a block is seen from outside "
        "as a path: `stage[2].conv_3`.",
    ),
    Page(
        "N202",
        "an unknown layer or block",
        "No layer and no block of this file or its imports has this name. `netdsl list` and the layer "
        "reference name them all.",
    ),
    Page(
        "N203",
        "an unknown argument",
        "The layer or block takes no argument of this name. Arguments are never ignored.",
    ),
    Page(
        "N204",
        "too many positional arguments",
        "The call gives more positional arguments than the layer or block takes. Arguments of merges are "
        "given by name, because their positional arguments are values.",
    ),
    Page(
        "N205",
        "given twice",
        "An argument, parameter or setting is given two times, perhaps once by its place and once by its name.",
    ),
    Page(
        "N206",
        "a missing argument",
        "The layer or block has no default for this argument, so it must be given.",
    ),
    Page(
        "N207",
        "a value of the wrong kind",
        "An argument takes one kind of value: an integer, a number, a boolean, a size, a word. `1` is not "
        '`true`, `"3"` is not `3`, and `4.5` is no count.',
    ),
    Page(
        "N208",
        "a value out of range",
        "The argument has a least or a most value, and this is beyond it. A stride, kernel or dilation of 0 "
        "would never move or never see anything.",
    ),
    Page(
        "N209",
        "an activation that is not one",
        "The name is no activation, or its arguments do not fit: `relu`, `tanh`, `leaky_relu(slope=0.1)` …",
    ),
    Page(
        "N210",
        "a value given where it flows by itself",
        "Layers take their input from the chain. `conv(x, 16, 3x3)` is `from x | conv(16, 3x3)`, and `add(x, "
        "conv(16, 3x3))` is `add { - from x` … `- conv(16, 3x3) }`, or the convolution gets a name first.",
    ),
    Page(
        "N211",
        "a name that is taken",
        "A label names one result in its scope. In a loop the label carries the index: `stage[i]: …`.",
    ),
    Page(
        "N212",
        "something defined twice",
        'Two blocks, nets, imports or `let` have the same name. A `let` is not assigned again; `import "…" as '
        "r` keeps an import's names apart, as `r.name`.",
    ),
    Page(
        "N213",
        "a block that calls itself",
        "Blocks cannot recurse, neither directly nor over others, because a net has a fixed size. Repeat with "
        "`for` or `*`.",
    ),
    Page(
        "N214",
        "braces, values or `body` in the wrong place",
        "A merge takes either branches in braces or named values. A block takes braces only where it says "
        "`body`, at most once; other calls take none.",
    ),
    Page(
        "N215",
        "a statement in the wrong place",
        "Branches with `-` stand between the braces of a merge, and nothing else does but `for`, `if`, `let` "
        "and `default`. `input`, `output` and `head` stand in a net.",
    ),
    Page(
        "N216",
        "nothing to check",
        "The file holds no net and no block, perhaps only comments. A net begins with `net Name {`.",
    ),
    Page(
        "N217",
        "a net without an input or without a layer",
        "A net begins with `input NAME: HxWxC` and has at least one layer.",
    ),
    Page(
        "N218",
        "an import that cannot be done",
        "An import is the path of a `.net` file, relative to the importing one, inside the folder of the main "
        "file; or that of a file that ships with netdsl. Files cannot import each other in a circle.",
    ),
    Page(
        "N219",
        "an unknown parameter of a net",
        "`-p name=value` sets a parameter that the net declares between its parentheses.",
    ),
    Page(
        "N220",
        "a parameter of the wrong kind",
        "A value given with `-p` has the kind of the parameter's default: an integer for an integer, a list "
        "for a list, for which a tuple serves as well.",
    ),
    Page(
        "N221",
        "a parameter that must be set",
        "The parameter has no default, or stands for any size: `-p name=value` sets it.",
    ),
    Page(
        "N222",
        "an unknown setting",
        "A `train` block knows `data augment loss optimizer schedule epochs batch seed metrics stop "
        "checkpoint freeze recipe`.",
    ),
    Page(
        "N223",
        "a label with the name of a quantity",
        "`x.h`, `x.params` and the like ask for quantities of a value, so `h w c shape rf params state total "
        "trainable nontrainable macs` are no labels.",
    ),
    Page(
        "N224",
        "no current value",
        "A layer takes the current value, and none is there yet: an `input` comes first. Defaults of "
        "parameters have no current value at all.",
    ),
    Page(
        "N225",
        "a member that a value does not have",
        "A value of the net has `.h .w .c .shape`, in an `assert` also `.params .state .total .trainable "
        ".nontrainable .macs .rf`, and the names inside it.",
    ),
    Page(
        "N226",
        "not a value of the net",
        "A merge, `from` and `output` need what an `input` or a layer gave: a label, a path or `_`.",
    ),
    Page(
        "N227",
        "the wrong number of values",
        "The merge takes another number of values than it is given.",
    ),
    Page(
        "N228",
        "inputs whose values never meet",
        "A net may have several inputs, but their values must come together somewhere; otherwise these are "
        "two nets, or an input is not used.",
    ),
    Page(
        "N229",
        "an unknown or ambiguous net",
        "The file has no net of this name, or several, so that `FILE:NET` must say which.",
    ),
    Page(
        "N230",
        "an index that does not fit",
        "An index is an integer inside the list, and a family has only the elements that were made.",
    ),
    Page(
        "N231",
        "too many nodes",
        "A net has at most 100,000 nodes after expansion. The count is made before the loop or repeat is expanded.",
    ),
    Page(
        "N232",
        "a positional argument behind a named one",
        "As in Python, arguments without a name come first. `default` takes named ones only.",
    ),
    Page(
        "N233",
        "an initialiser that is not one",
        "The name is no initialiser, or its numbers do not fit: `he_normal`, `glorot_uniform`, `zeros`, `normal(0.01)`, "
        "`uniform(-0.1, 0.1)`, `constant(0.5)` …",
    ),
    Page(
        "N234",
        "weights that cannot be shared",
        "`share=a` ties weights, biases and statistics to those of the same name in `a`, a layer or block above: their "
        "shapes must be the same, and there must be some. `init= lr= decay= trainable=` belong to the tensors where they "
        "are declared, so they do not stand beside it.",
    ),
    Page(
        "N235",
        "a named kernel that does not fit",
        "`init=sobel_x` and the like give a weight the numbers of a kernel of 3x3 or 5x5, so the window of the "
        "convolution has that height and width.",
    ),
    Page(
        "N236",
        "a setting of tensors that are not there",
        "`l1 l2 constraint` are about the weights of a layer, `bias_l1 bias_l2 bias_constraint` about its biases, `lr decay` "
        "about what it learns. The layer has none of these: `relu` has no weight, and `conv(…, bias=false)` no bias.",
    ),
    Page(
        "N237",
        "code that is not run",
        "A Python file that a net imports may do anything that you may do: read files, send them away, remove them. So it "
        "is run, and even read, only where you say so: `--allow-code` on the command line, `load(…, allow_code=True)` in "
        "Python. Read the file before you do.",
    ),
    Page(
        "N238",
        "a Python file without layers",
        "The file failed, declares no layer, or one whose name is taken. A layer is a frozen dataclass, "
        '`class Rms(Layer, keyword="rms")`, as docs/adding-a-layer.md walks through.',
    ),
    Page(
        "N239",
        "a constraint that is not one",
        "`constraint=` and `bias_constraint=` take `max_norm(v)` with a number above 0, `unit_norm` or `non_neg`.",
    ),
)
