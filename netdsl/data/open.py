"""Opening data by name, folder or file."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path

from netdsl.data import archive, cifar, idx_folder, pairs, series, table
from netdsl.data.dataset import Split
from netdsl.data.folder import open_class_folders
from netdsl.data.image import Fit
from netdsl.data.several import names_the_net, one_array, open_several
from netdsl.errors import NetError, fail
from netdsl.files.regular import quoted
from netdsl.shapes import Shape

NO_OUTPUTS = table.NO_OUTPUTS
FILES = (*table.SUFFIXES, ".npz", series.SUFFIX)


@dataclass(frozen=True)
class Shipped:
    """A data set that comes with netdsl."""

    name: str
    title: str
    train: int
    test: int
    shape: Shape
    classes: int
    licence: str


SHIPPED = (
    Shipped("fashion_mnist", "the first 6,000 + 1,000 images of Fashion-MNIST", 6000, 1000, (28, 28, 1), 10, "MIT"),
)


def open_inputs(
    spec: str,
    inputs: Mapping[str, Shape],
    outputs: Mapping[str, Shape],
    heads: Mapping[str, Shape] = NO_OUTPUTS,
    *,
    fit: Fit | None = None,
) -> Split:
    """A data set for a net with these inputs, by name; where there are several, an archive with an array for each.

    An archive may have labels for each of `outputs` and `heads`, a table for outputs. Raises `NetError` as `open_data`,
    N607 for data of one input where there are several.
    """
    ends = {**outputs, **heads}
    packed = os.path.isfile(spec) and spec.lower().endswith(".npz")
    if len(inputs) == 1 and not (packed and names_the_net(Path(spec), inputs, ends)):
        return open_data(spec, size=next(iter(inputs.values())), fit=fit, outputs=outputs)
    if not os.path.exists(spec):
        open_data(spec)  # which says that there is nothing, or what ships
    if not packed:
        raise one_array(spec, inputs)
    return open_several(Path(spec), Path(spec).name, inputs, ends)


def open_data(
    spec: str | Path, *, size: Shape | None = None, fit: Fit | None = None, outputs: Mapping[str, Shape] = NO_OUTPUTS
) -> Split:
    """A data set: a shipped name such as `fashion_mnist`, a folder, or a file.

    A folder holds IDX files with the names of MNIST; the binary files of CIFAR; pairs of `images/` and `masks/`; or one
    sub-folder of images a class, the last two also below `train/`, `val/` and `test/`. A file is a table (`.csv`,
    `.tsv`, also `.gz`), an archive of arrays (`.npz`), or series (`.ts`); of a table, `FILE:COLUMN` says where the
    labels are. A file whose name ends in `train` has its other parts beside it, with `test` and `val` in that place.

    `size` is the input of the net, H x W x C, L x C or K: its channels, 1 or 3, say what images in colour or grey are
    converted to, and it gives the numbers of a table their shape. `outputs` may have columns of a table. `fit` brings
    images of several sizes to one. Whether the data fit the net is the business of `check_fits`. Raises `NetError` N601
    to N607, N611 to N613.
    """
    if not str(spec):
        raise fail("N601", "no data are named: the name is empty")  # and does not mean the folder that one is in
    shipped = next((data.name for data in SHIPPED if data.name == str(spec)), None)
    root, column = (Path(__file__).parent / shipped, "") if shipped else _place(str(spec))
    if os.path.isdir(root):  # unlike Path.is_dir, false for names that no file can have
        split = _open_folder(root, shipped or root.resolve().name, size, fit)
    elif os.path.exists(root) and root.name.lower().endswith(FILES):
        split = _open_file(root, column, size, outputs)
    else:
        raise _unknown(str(spec), exists=os.path.exists(root))
    return _told_apart(spec, split)


def _told_apart(spec: str | Path, split: Split) -> Split:
    if len(split.train.classes) == 1:
        raise fail("N605", f"{quoted(spec)} has one class only: there is nothing to tell apart")
    return split


def _place(spec: str) -> tuple[Path, str]:
    """A path, and the column after a colon where no file has the whole name."""
    path, colon, column = spec.rpartition(":")
    return (Path(path), column) if colon and not os.path.exists(spec) and os.path.exists(path) else (Path(spec), "")


def _open_folder(root: Path, name: str, size: Shape | None, fit: Fit | None) -> Split:
    if idx_folder.is_idx_folder(root):
        return idx_folder.open_idx_folder(root, name)
    if cifar.is_cifar_folder(root):
        return cifar.open_cifar_folder(root, name)
    channels = size[2] if size and len(size) == 3 and size[2] in (1, 3) else None
    if pairs.is_pairs_folder(root):
        return pairs.open_pairs_folder(root, name, channels=channels, fit=fit)
    return open_class_folders(root, name, channels=channels, fit=fit)


def _open_file(path: Path, column: str, size: Shape | None, outputs: Mapping[str, Shape]) -> Split:
    name = path.name
    if name.lower().endswith(".npz"):
        return archive.open_archive(path, name, size=size)

    others = {part: one for part in ("test", "val") if (one := _beside(path, part))}
    if name.lower().endswith(series.SUFFIX):
        train = series.open_series(path, name)
        found = {part: series.open_series(one, name, train=train) for part, one in others.items()}
    else:
        opened = partial(table.open_table, name=name, size=size, column=column, outputs=outputs)
        train, columns = opened(path)
        found = {part: opened(one, train=train, columns=columns)[0] for part, one in others.items()}
    return Split(train, found.get("test", found.get("val")), found.get("val"))


def _beside(path: Path, part: str) -> Path | None:
    """`x_test.csv` for `x_train.csv`, where there is such a file; `TEST` for `TRAIN`."""
    found = re.fullmatch(r"(.*)(train|TRAIN)((?:\.\w+){1,2})", path.name)
    if not found:
        return None
    word = part.upper() if found[2].isupper() else part
    other = path.with_name(f"{found[1]}{word}{found[3]}")
    return other if other.exists() else None


def _unknown(spec: str, *, exists: bool) -> NetError:
    if exists:
        kinds = ", ".join(f"`{suffix}`" for suffix in FILES)
        return fail("N601", f"{quoted(spec)} is neither a folder nor a file that ends in one of {kinds}")
    near = get_close_matches(spec, [data.name for data in SHIPPED], 1)
    hint = f"; did you mean `{near[0]}`?" if near else ""
    return fail("N601", f"{quoted(spec)} is neither a folder, a file, nor data that ships with netdsl{hint}")
