"""Arrays in one .npz file for nets with several inputs: one array for each input, under its name, and the labels.

For a net with the inputs `image` and `numbers` they are called `image`, `numbers` and `labels`, or, with the parts of
a set, `image_train`, `numbers_train`, `labels_train`, `image_test` … or `train_image` …; `y` and `target` are labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from netdsl.data.archive import PARTS, Arrays, as_images, as_labels, as_learned, check_masks, classes_in, read_arrays
from netdsl.data.dataset import Dataset, Split, check_counts, check_labels
from netdsl.errors import NetError, fail
from netdsl.files.regular import quoted
from netdsl.shapes import Shape

TARGETS = ("labels", "y", "target")
FORMS = ("{part}_{name}", "{name}_{part}")


def open_several(path: Path, name: str, inputs: Mapping[str, Shape]) -> Split:
    """The parts of an archive that has an array for each of `inputs`, whose shapes tell series from grey images.

    Raises `NetError`: N601, N604 and N607 as `read_arrays`, N605 for counts and labels, N612 for arrays that are
    missing or of another kind.
    """
    arrays, what = read_arrays(path), quoted(path)
    found = {part: named for part, words in PARTS.items() if (named := _part(arrays, inputs, words, what))}
    if "train" not in found:
        found["train"] = _named(arrays, inputs, "{name}", what) or {}
        if not found["train"]:
            raise missing(arrays, what, TARGETS[0])
    labels = {part: as_labels(arrays[names[""]], what, names[""]) for part, names in found.items()}
    numbers = any(one.dtype.kind == "f" for one in labels.values())
    classes = () if numbers else classes_in(arrays, list(labels.values()), what)
    parts = {}
    for part, names in found.items():
        images = {one: as_images(arrays[names[one]], what, names[one], size) for one, size in inputs.items()}
        for one, array in images.items():
            check_counts(len(array), len(labels[part]), f"{what}, {quoted(names[one])},", quoted(names[""]))
        first, *_ = inputs
        check_masks(labels[part], images[first], what, names[""], names[first])
        learned = as_learned(labels[part], numbers)
        parts[part] = Dataset(images.pop(first), learned, classes, name, first, images)
        check_labels(parts[part], len(classes))
    return Split(parts["train"], test=parts.get("test"), validation=parts.get("validation"))


def _part(arrays: Arrays, inputs: Mapping[str, Shape], words: tuple[str, ...], what: str) -> dict[str, str] | None:
    """The names of the arrays of a part, by input, that of the labels under an empty name."""
    for word in words:
        for form in FORMS:
            if named := _named(arrays, inputs, form.replace("{part}", word), what):
                return named
    return None


def _named(arrays: Arrays, inputs: Mapping[str, Shape], form: str, what: str) -> dict[str, str] | None:
    """None where there are no labels of this form; `NetError` N612 where there are, and an input has no array."""
    target = next((one for name in TARGETS if name not in inputs and (one := form.format(name=name)) in arrays), "")
    if not target:
        return None
    named = {one: form.format(name=one) for one in inputs}
    for one in named.values():
        if one not in arrays:
            raise missing(arrays, what, one)
    return {"": target, **named}


def missing(arrays: Arrays, what: str, name: str) -> NetError:
    """N612: an archive without an array that is wanted."""
    there = ", ".join(quoted(one) for one in sorted(arrays)[:10]) or "none"
    advice = "there is one array for each input of the net, under its name, or with the part, such as `NAME_train`"
    return fail("N612", f"{what} has no array {quoted(name)}: its arrays are {there}", help=advice)


def one_array(what: str, inputs: Mapping[str, Shape]) -> NetError:
    """N607: data that give one array, for a net with several inputs."""
    names = ", ".join(quoted(one) for one in inputs)
    return fail(
        "N607",
        f"{quoted(what)} gives one array, and the net has {len(inputs)} inputs: {names}",
        help="an `.npz` file may have an array for each input, under its name, beside `labels`",
    )
