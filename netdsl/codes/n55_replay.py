"""Codes N55x: looking back at a run."""

from netdsl.codes.page import Page

PAGES: tuple[Page, ...] = (
    Page(
        "N550",
        "data that are not those of the run",
        """The folder of a run holds the SHA-256 of the data that it was trained on, and the data of that name have another
now. `netdsl replay` and the parts of `netdsl report` that look at images need the same bytes. Put the data back where
they were; relative names are read from the folder that the command is called in.""",
    ),
    Page(
        "N551",
        "a folder of a run that cannot be read",
        """`config.json`, `metrics.csv` or `metrics.jsonl` is not what netdsl wrote: it was cut off or changed by hand. The
weights are a file of their own, which `netdsl eval` and `netdsl predict` read without these.""",
    ),
)
