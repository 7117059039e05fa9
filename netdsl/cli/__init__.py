"""The commands, one file a verb; a verb is imported when it is called."""

from __future__ import annotations

import os
import sys
from errno import EPIPE
from importlib import import_module
from signal import SIGINT
from typing import Any

import click

from netdsl import __version__

# verb: (module, command in it, what the overview says)
VERBS = {
    "check": ("check", "check", "Find the mistakes in a file."),
    "lint": ("lint", "lint", "Point at what is allowed and yet likely a slip."),
    "fmt": ("fmt", "fmt", "Bring files to canonical text."),
    "summary": ("summary", "summary", "Shapes, parameters, multiply-adds and receptive fields."),
    "diff": ("diff", "diff", "What changes from one net to another."),
    "draw": ("draw", "draw", "Draw a net as SVG, PNG, PDF or DOT."),
    "compile": ("compile", "compile_plan", "What the engine would run, step by step."),
    "why": ("why", "why", "Which kernel computes a node, and why no other does."),
    "sizes": ("sizes", "sizes", "The input sizes for which a net is valid."),
    "trace": ("trace", "trace", "A convolution worked out window by window."),
    "receptive": ("receptive", "receptive", "Draw on a photograph what a node sees of it."),
    "filter": ("filter", "filter_photo", "Lay a kernel over a photograph."),
    "bench": ("bench", "bench", "How fast a net runs or learns here, step by step."),
    "train": ("train", "train", "Train a net on images."),
    "tune": ("tune", "tune", "Search for settings, many trainings long."),
    "report": ("report", "report", "A page about a run: curves, confused classes, worst images."),
    "replay": ("replay", "replay", "Train a run once more, and compare the bits."),
    "eval": ("eval", "evaluate", "Accuracy and loss of a trained net on its test images."),
    "predict": ("predict", "predict", "What a trained net sees on photographs."),
    "features": ("features", "features", "What a node says about images, for scikit-learn and others."),
    "sample": ("sample", "sample", "What a trained generator makes of noise."),
    "advise": ("advise", "advise", "How to begin with weights of another task."),
    "list": ("list", "list_shipped", "The nets and data that ship with netdsl."),
    "explain": ("explain", "explain", "What an error code means, and the way out."),
}


class Verbs(click.Group):
    """The verbs in the order in which one meets them; mistakes in files end with exit code 1 and no traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*VERBS]  # `list` is the module of that verb here, once it was run

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module, name, _ = VERBS[cmd_name]
        command: click.Command = getattr(import_module(f"netdsl.cli.{module}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(verb, about) for verb, (_, _, about) in VERBS.items()])

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """The context of the command line; --help and --version of `netdsl` itself print while it is made."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except OSError as error:
            if error.errno == EPIPE:
                raise
            _say(error)
            raise click.exceptions.Exit(1) from None

    def invoke(self, ctx: click.Context) -> object:
        from netdsl.errors import NetError

        try:
            return super().invoke(ctx)
        except NetError as error:
            click.echo(str(error), err=True)
            ctx.exit(1)
        except OSError as error:
            if error.errno == EPIPE:
                raise
            _say(error)
            ctx.exit(1)
        except MemoryError:
            click.echo("error: there is not enough memory", err=True)
            ctx.exit(1)
        except KeyboardInterrupt as interrupt:
            click.echo("interrupted", err=True)
            ctx.exit(128 + (interrupt.args[0] if interrupt.args else SIGINT))


def _say(error: OSError) -> None:
    """Say what cannot be reached: a file has a name, as in a folder that is closed; what has none is the output itself.

    Output that could not be written is let go, so that the interpreter does not try again at its end.
    """
    from netdsl.errors import fail
    from netdsl.files.regular import quoted

    reason = (error.strerror or str(error)).lower()
    if isinstance(error.filename, str):
        click.echo(str(fail("N601", f"{quoted(error.filename)} cannot be read: {reason}")), err=True)
        return
    click.echo(f"error: the output cannot be written: {reason}", err=True)
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="netdsl")
def main() -> None:
    """A small language for convolutional networks.

    NET is a file, FILE:NET where a file holds several, or the name of a net that ships.
    """
