"""Runs what the pages show, and compares what they print with what comes out.

Usage: python tools/check_pages.py [--write] [--long] [PAGE …], by default README.md and all of docs/. Blocks of a page
run in order, in one empty folder in which `docs` is the folder of the pages:

    ```net            a whole file, which must pass `netdsl check`; `net body` stands inside a net with a 32x32x3 image
    ```net NAME.net   the same, kept under that name and not checked: a command below shows what becomes of it
    ```console        lines with `$ ` are commands, the others what they print; `…` stands for what is left out
    ```console long   a training is cut to three updates; numbers and how often a line is repeated are not compared;
                      with `--long` it runs in full
    ```python         runs; ```pycon is a session with `>>>`; a page has one set of names

`--write` puts what came out in place of what is shown. Exit status 1 where a page is wrong.
"""

from __future__ import annotations

import doctest
import io
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir, redirect_stdout
from pathlib import Path
from unittest.mock import patch

from click.testing import CliRunner

from netdsl.cli import main as netdsl
from netdsl.errors import NetError, render
from netdsl.language.check import check_file
from netdsl.language.load import parse
from netdsl.layers.base import REGISTRY

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
FENCE = re.compile(r"^```(?P<language>\w+)(?: (?P<words>[^\n]+))?\n(?P<body>.*?)^```$|^```\n.*?^```$", re.M | re.S)
MARK = "…"
AROUND = "net Example {{\n  input image: 32x32x3\n{}}}\n"
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)|src=\"(?!https?:)([^\"]+)\"")


class Page:
    """One page while it runs: `text` is what it should say, `wrong` what it should not."""

    def __init__(self, path: Path, *, long: bool = False) -> None:
        self.path = path
        self.long = long
        self.names: dict[str, object] = {"__name__": "__main__"}  # dataclasses look their module up
        self.wrong: list[str] = []
        before = path.read_text("utf-8")
        with tempfile.TemporaryDirectory() as folder, chdir(folder), patch.dict(REGISTRY):
            Path("docs").symlink_to(ROOT / "docs")
            self.text = FENCE.sub(self._block, before)
        for link in (one or other for one, other in LINK.findall(before)):
            if not (path.parent / link).exists():
                self.wrong.append(f"{path.name}: nothing is at {link}")

    def _block(self, found: re.Match[str]) -> str:
        language, words, body = found["language"], found["words"] or "", found["body"]
        run = {"net": self._net, "console": self._console, "python": self._python, "pycon": self._session}.get(language)
        if run is None:
            return found[0]
        line = found.string.count("\n", 0, found.start()) + 1
        place = f"{self.path.name}:{line}"
        return found[0].replace(body, run(body, words, place)) if body else found[0]

    def _net(self, body: str, words: str, place: str) -> str:
        if words.endswith(".net"):
            Path(words).parent.mkdir(parents=True, exist_ok=True)
            Path(words).write_text(body, "utf-8")
            return body
        try:
            if words == "body":
                parse(AROUND.format(body))
            else:
                Path("page.net").write_text(body, "utf-8")
                found = [d for d in check_file("page.net", {})[1] if d.severity == "error"]
                self.wrong += [f"{place}: {render(found)}"] if found else []
        except NetError as error:
            self.wrong.append(f"{place}: {error}")
        return body

    def _console(self, body: str, words: str, place: str) -> str:
        shown = []
        for command, want in _commands(body):
            cut = words == "long" and not self.long
            got = _run(command, cut=cut)
            if cut and command.startswith("netdsl predict"):
                got = _asked_for(want, got)
            fits = _looks_alike(want, got) if words == "long" else _same(want, got)
            if not fits:
                self.wrong.append(f"{place}: $ {command}\nprints\n{got}\nand the page says\n{want}")
            keep = cut or (fits and words != "long")
            shown.append(f"$ {command}\n{want if keep else _shorter(got)}")
        return "".join(shown)

    def _python(self, body: str, words: str, place: str) -> str:
        exec(compile(body, place, "exec"), self.names)
        return body

    def _session(self, body: str, words: str, place: str) -> str:
        shown = []
        for example in doctest.DocTestParser().get_examples(body):
            out = io.StringIO()
            with redirect_stdout(out):
                exec(compile(example.source, place, "single"), self.names)
            got = out.getvalue()
            fits = _same(example.want, got)
            if not fits:
                self.wrong.append(f"{place}: >>> {example.source}prints\n{got}\nand the page says\n{example.want}")
            first, *rest = example.source.splitlines()
            shown += [f">>> {first}\n", *(f"... {line}\n" for line in rest), example.want if fits else got]
        return "".join(shown)


def _commands(body: str) -> Iterator[tuple[str, str]]:
    """Each command with the lines that the page says it prints."""
    for part in re.split(r"^\$ ", body, flags=re.M)[1:]:
        command, _, want = part.partition("\n")
        yield command, want


def _run(command: str, *, cut: bool) -> str:
    """What a command prints, on both streams."""
    words = shlex.split(command)
    environment = {}
    while "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        environment[name] = value
    if words[0] == "cat":
        return "".join(Path(file).read_text("utf-8") for file in words[1:])
    if words[0] == "ls":
        return "".join(f"{name}\n" for name in sorted(os.listdir(words[1])))
    assert words[0] == "netdsl", command
    if cut and words[1] == "train":
        words += ["--steps", "3"]
    if cut and words[1] == "predict":
        words += ["--top", "100"]
    with patch.dict(os.environ, environment):
        result = CliRunner().invoke(netdsl, words[1:], prog_name="netdsl")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def _shorter(text: str) -> str:
    """What a command prints, of more than four epochs the first two and the last."""
    lines = text.splitlines(keepends=True)
    epochs = [i for i, line in enumerate(lines) if line.startswith("epoch ")]
    if len(epochs) > 4:
        lines[epochs[2] : epochs[-1]] = [f"{MARK}\n"]
    return "".join(lines)


def _asked_for(want: str, got: str) -> str:
    """Of the answers of a net that has hardly learned those that the page shows, in its order."""
    there = {_masked(line): f"{line}\n" for line in got.splitlines()}
    return "".join(there.get(_masked(line), "") for line in want.splitlines())


def _masked(line: str) -> str:
    """A line with all numbers being equal."""
    return re.sub(r"-?\d+(\.\d+)?", "0", " ".join(line.split()))


def _plain(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().splitlines()]


def _same(want: str, got: str) -> bool:
    """Whether the page says what comes out, blanks at the ends of lines apart, and what it leaves out is marked."""
    shown, printed = ("\n".join(_plain(text)) for text in (want, got))
    return bool(re.fullmatch(".+?".join(map(re.escape, shown.split(MARK))), printed, re.DOTALL))


def _looks_alike(want: str, got: str) -> bool:
    """Whether the same lines come out in the same order, all numbers being equal; a line repeated is one line."""
    shown, printed = (_once(text) for text in (want, got))
    parts = [re.escape(f"{line}\n") if line != MARK else "(.*\n)*?" for line in shown]
    return bool(re.fullmatch("".join(parts), "".join(f"{line}\n" for line in printed)))


def _once(text: str) -> list[str]:
    """The lines of a text, masked, without repeats and without marks between a line and its repeat."""
    lines: list[str] = []
    for line in map(_masked, _plain(text)):
        before = [one for one in lines if one != MARK]
        if line == MARK or before[-1:] != [line]:
            lines.append(line)
        elif lines[-1] == MARK:
            lines.pop()
    return lines


def main(arguments: list[str]) -> int:
    """Check the pages, or write them anew; the exit status."""
    options = {word for word in arguments if word.startswith("--")}
    paths = [Path(word).resolve() for word in arguments if word not in options] or PAGES
    status = 0
    for path in paths:
        page = Page(path, long="--long" in options)
        if "--write" in options:
            path.write_text(page.text, "utf-8")
        elif page.wrong:
            print("\n\n".join(page.wrong), file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
