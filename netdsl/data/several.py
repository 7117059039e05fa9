"""Arrays in one .npz file for nets with several inputs, or with outputs that have labels of their own.

For a net with the inputs `image` and `numbers` they are called `image`, `numbers` and `labels`, or, with the parts of
a set, `image_train`, `numbers_train`, `labels_train`, `image_test` … or `train_image` …; `y` and `target` are labels.
An output `box` takes `box`, or `box_train`, where there is such an array; an output without one takes the labels.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from netdsl.data.archive import INPUTS, PARTS, Arrays, as_images, check_masks, read_arrays
from netdsl.data.dataset import Dataset, Split, Target, check_counts, check_same_shape
from netdsl.data.targets import read_common, read_own
from netdsl.errors import NetError, fail
from netdsl.files.regular import quoted
from netdsl.shapes import Shape

TARGETS = ("labels", "y", "target")
FORMS = ("{part}_{name}", "{name}_{part}")
WHOLE = "{name}"


@dataclass(frozen=True)
class Names:
    """What the arrays of a part are called: by input, by output, and the labels of outputs that have none of their own.

    `common` is empty where there are no such labels.
    """

    inputs: Mapping[str, str]
    own: Mapping[str, str]
    common: str

    def of(self, output: str) -> str:
        """The array that has the labels of an output."""
        return self.own.get(output, self.common)


def names_the_net(path: Path, inputs: Mapping[str, Shape], outputs: Mapping[str, Shape]) -> bool:
    """Whether an archive has an array under the name of an input or an output; false for what is no archive.

    Names that arrays have without a net, such as `x` and `labels`, do not count.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            there = {name.removesuffix(".npy") for name in archive.namelist()}
    except (OSError, zipfile.BadZipFile, ValueError):
        return False
    words = [word for words in PARTS.values() for word in words]
    forms = [WHOLE, *(form.replace("{part}", word) for form in FORMS for word in words)]
    named = [one for one in (*inputs, *outputs) if one not in (*INPUTS, *TARGETS)]
    return any(form.format(name=one) in there for form in forms for one in named)


def inputs_in(arrays: Arrays, inputs: Mapping[str, Shape], what: str) -> dict[str, str]:
    """The array of each input, of a file that is asked about: under its name, else in the test part.

    The one input of a net may be called as in any archive, `x` or `images`. Raises `NetError` N612.
    """
    for form in (WHOLE, *(form.replace("{part}", "test") for form in FORMS)):
        named = _arrays_of(arrays, inputs, form)
        if all(name in arrays for name in named.values()):
            return named
    named = _arrays_of(arrays, inputs, WHOLE)
    raise missing(arrays, what, next(name for name in named.values() if name not in arrays))


def open_several(path: Path, name: str, inputs: Mapping[str, Shape], outputs: Mapping[str, Shape]) -> Split:
    """The parts of an archive that has an array for each of `inputs`, whose shapes tell series from grey images.

    `outputs` may have labels of their own; the first one's are those of the data set. Raises `NetError`: N601, N604 and
    N607 as `read_arrays`, N605 for counts and labels, N612 for arrays that are missing or of another kind.
    """
    arrays, what = read_arrays(path), quoted(path)
    found = {part: named for part, words in PARTS.items() if (named := _part(arrays, inputs, outputs, words, what))}
    if "train" not in found:
        named = _named(arrays, inputs, outputs, WHOLE, what)
        if named is None:
            raise missing(arrays, what, TARGETS[0])
        found["train"] = named
    _check_alike(arrays, found, what)
    targets = _targets(arrays, found, outputs, what)
    parts = {part: _dataset(arrays, names, targets[part], inputs, name, what) for part, names in found.items()}
    for dataset in parts.values():
        if len(inputs) == 1:
            check_same_shape(parts["train"], dataset)
    return Split(parts["train"], test=parts.get("test"), validation=parts.get("validation"))


def _dataset(
    arrays: Arrays, names: Names, targets: Mapping[str, Target], inputs: Mapping[str, Shape], name: str, what: str
) -> Dataset:
    """One part: the images of each input, and the labels of each output."""
    images = {one: as_images(arrays[names.inputs[one]], what, names.inputs[one], size) for one, size in inputs.items()}
    first, *_ = inputs
    for output, target in targets.items():
        for one, array in images.items():
            read = f"{what}, {quoted(names.inputs[one])},"
            check_counts(len(array), len(target.labels), read, quoted(names.of(output)))
        check_masks(target.labels, images[first], what, names.of(output), names.inputs[first])
    (main, target), *_ = targets.items()
    others = {output: one for output, one in targets.items() if names.of(output) != names.of(main)}
    return Dataset(images.pop(first), target.labels, target.classes, name, first, images, others)


def _targets(
    arrays: Arrays, found: Mapping[str, Names], outputs: Mapping[str, Shape], what: str
) -> dict[str, dict[str, Target]]:
    """The labels by part, then by output."""
    common = {part: names.common for part, names in found.items()}
    shared = read_common(arrays, common, what) if any(one not in found["train"].own for one in outputs) else {}
    by_output = {
        output: read_own(arrays, {part: names.own[output] for part, names in found.items()}, output, shape, what)
        if output in found["train"].own
        else shared
        for output, shape in outputs.items()
    }
    return {part: {output: targets[part] for output, targets in by_output.items()} for part in found}


def _part(
    arrays: Arrays, inputs: Mapping[str, Shape], outputs: Mapping[str, Shape], words: tuple[str, ...], what: str
) -> Names | None:
    """The names of the arrays of a part."""
    for word in words:
        for form in FORMS:
            if named := _named(arrays, inputs, outputs, form.replace("{part}", word), what):
                return named
    return None


def _named(
    arrays: Arrays, inputs: Mapping[str, Shape], outputs: Mapping[str, Shape], form: str, what: str
) -> Names | None:
    """None where there are no labels of this form; `NetError` N612 where there are, and something else has no array."""
    own = {one: name for one in outputs if (name := form.format(name=one)) in arrays}
    free = (form.format(name=name) for name in TARGETS if name not in inputs and name not in own)
    common = next((name for name in free if name in arrays), "")
    if not own and not common:
        return None
    for one in outputs:
        if one not in own and not common:
            raise missing(arrays, what, form.format(name=one), "an output without an array of its own takes `labels`")
    named = _arrays_of(arrays, inputs, form)
    for name in named.values():
        if name not in arrays:
            raise missing(arrays, what, name)
    return Names(named, own, common)


def _arrays_of(arrays: Arrays, inputs: Mapping[str, Shape], form: str) -> dict[str, str]:
    """What the array of each input is called; where there is one input, also as archives without a net call it."""
    named = {one: form.format(name=one) for one in inputs}
    if len(inputs) == 1:
        (one,) = inputs
        known = (form.format(name=name) for name in (one, *INPUTS))
        named = {one: next((name for name in known if name in arrays), named[one])}
    return named


def _check_alike(arrays: Arrays, found: Mapping[str, Names], what: str) -> None:
    """`NetError` N612 where an output has labels of its own in one part, and not in another."""
    wanted = {output for names in found.values() for output in names.own}
    for part, names in found.items():
        for output in sorted(wanted - set(names.own)):
            there = next(one.own[output] for one in found.values() if output in one.own)
            advice = f"{quoted(there)} has labels of the output {quoted(output)}: each part has them, or none"
            raise missing(arrays, what, f"{output}_{part.replace('validation', 'val')}", advice)


def missing(arrays: Arrays, what: str, name: str, advice: str = "") -> NetError:
    """N612: an archive without an array that is wanted."""
    there = ", ".join(quoted(one) for one in sorted(arrays)[:10]) or "none"
    usual = "there is one array for each input of the net, under its name, or with the part, such as `NAME_train`"
    return fail("N612", f"{what} has no array {quoted(name)}: its arrays are {there}", help=advice or usual)


def one_array(what: str, inputs: Mapping[str, Shape]) -> NetError:
    """N607: data that give one array, for a net with several inputs."""
    names = ", ".join(quoted(one) for one in inputs)
    return fail(
        "N607",
        f"{quoted(what)} gives one array, and the net has {len(inputs)} inputs: {names}",
        help="an `.npz` file may have an array for each input, under its name, beside `labels`",
    )
