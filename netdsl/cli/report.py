"""`netdsl report`: a page about a run; `netdsl train` writes it, too."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING

import click

from netdsl.cli.paths import PATH
from netdsl.cli.target import takes_code

if TYPE_CHECKING:
    from netdsl.training.answers.trained import TrainedNet

REPORT = "report.html"


@click.command("report")
@takes_code
@click.argument("run", type=PATH)
@click.option("-o", "--out", type=PATH, help="File to write; by default report.html in RUN.")
@click.option("--threads", type=int, help="Threads of the engine, 1 to 256; they do not change the result.")
def report(run: Path, out: Path | None, threads: int | None) -> None:
    """Write a page about RUN, the folder of a training: curves, confused classes, worst images, filters, settings.

    One file without scripts. What cannot be shown is left out, with a sentence that says why.
    """
    from netdsl.errors import escape

    path = out or run / REPORT
    write_report(run, path, threads=threads)
    click.echo(escape(str(path)))


def write_report(run: Path, path: Path, *, verify: bool = True, threads: int | None = None) -> None:
    """Write the page; `verify` that the data are still those of the run. Raises `NetError` N505, N510, N551."""
    from netdsl.files.atomic import replace_text

    replace_text(path, page_of(run, verify=verify, threads=threads))


def write_after_training(run: Path, *, threads: int | None = None) -> None:
    """Write the page of a run that has just ended; whatever goes wrong is a line on stderr, as the run is saved."""
    from netdsl.errors import NetError, escape

    try:
        write_report(run, run / REPORT, verify=False, threads=threads)
    except NetError as error:
        _left_out(error.diagnostics[0].message)
    except Exception as error:  # the training has succeeded
        _left_out(escape(f"{type(error).__name__}: {error}"))


def _left_out(words: str) -> None:
    click.echo(f"{REPORT} was not written: {words}", err=True)


def page_of(run: Path, *, verify: bool, threads: int | None) -> str:
    """The page, made of what the folder says and of what its net answers."""
    from netdsl.report import run as parts
    from netdsl.report.examined import sections
    from netdsl.report.filters import filter_pictures
    from netdsl.report.page import page, section
    from netdsl.training.answers.examine import examine
    from netdsl.training.answers.trained import open_run
    from netdsl.training.runs.past import read_epochs, read_past
    from netdsl.training.runs.repeat import command

    past = read_past(run)

    @cache
    def trained() -> TrainedNet:
        return open_run(run)

    epochs = cache(lambda: read_epochs(run))
    tables = {"settings": past.settings, "parameters": past.parameters, "data": past.data, "versions": past.versions}
    found = [
        section("Outcome", lambda: parts.outcome(epochs(), trained().net)),
        section("Curves", lambda: parts.curves(epochs())),
        *sections(lambda: examine(trained(), verify=verify, threads=threads)),
        section("First filters", lambda: filter_pictures(trained().net, trained().weights)),
        section("Architecture", lambda: parts.architecture(trained().net)),
        section("Settings", lambda: parts.settings_table(tables)),
        section(
            "The same again",
            lambda: parts.commands(
                [
                    ("The command that repeats the run, where it was run:", command(past)),
                    ("The same, and a comparison of the bits:", join(["netdsl", "replay", str(run)])),
                ]
            ),
        ),
    ]
    return page(past.net, str(run), found)
