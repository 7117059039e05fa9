"""Codes N54x: searching for settings."""

from netdsl.codes.page import Page

PAGES: tuple[Page, ...] = (
    Page(
        "N540",
        "a search that cannot be made",
        """Each line of a `tune` block, and each `--search`, names a setting or a parameter of the net and the values that it
may take:

    tune LeNet5 {
      optimizer.lr: log(1e-4, 1e-1)
      optimizer.momentum: uniform(0, 0.99)
      batch: choice(16, 32, 64)
    }

`log` and `uniform` take the lowest and the highest number, `integer` the same of integers, `choice` all values. The
metric must be a score of the training, such as `val_accuracy`.""",
    ),
    Page(
        "N541",
        "Optuna is not installed",
        """`netdsl tune` leaves the choice of the next trial to Optuna, which comes with `pip install 'netdsl[tune]'`. All
other commands work without it.""",
    ),
    Page(
        "N542",
        "a journal that is not of this study",
        """The file given by `--study` cannot be read as a journal of Optuna, or holds the trials of another search: of
another net, with other settings, dimensions or limits, or by another metric. Give another file, or search as before.""",
    ),
)
