"""Where the texts of a net come from: files below one folder, those that ship, or texts kept with weights."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from netdsl.errors import NetError, Source, Span, escape, fail
from netdsl.language.text import MAX_BYTES, check_characters, decode, read

SHIPPED = "netdsl:"


@dataclass(eq=False)
class Library:
    """Texts by name, relative to the main file's folder; `netdsl:` begins the names of shipped ones.

    `folder` is where files are looked for, None for texts alone; `replaced` are texts that stand in for files.
    """

    folder: Path | None
    replaced: Mapping[str, str] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)

    def main(self, name: str, shown: str) -> Source:
        """The file that was asked for."""
        if name in self.replaced:
            source = Source(shown, self.replaced[name])
            check_characters(source)
        elif name.startswith(SHIPPED):
            source = decode(files("netdsl.architectures").joinpath(name.removeprefix(SHIPPED)).read_bytes(), shown)
        else:
            assert self.folder is not None
            source = read(self.folder / name, shown)
        self.sources[name] = source
        return source

    def imported(self, path: str, importer: str, span: Span) -> str:
        """The name of an imported file, whose source is then in `sources`; `NetError` N218."""
        if posixpath.isabs(path) or "\\" in path or not path.endswith((".net", ".py")):
            raise fail("N218", "an import is the relative path of a `.net` or `.py` file, with `/`", span=span)
        shipped = importer.startswith(SHIPPED)
        base = posixpath.dirname(importer.removeprefix(SHIPPED))
        name = posixpath.normpath(posixpath.join(base, path))
        if name.startswith(".."):
            raise fail("N218", f"`{escape(path)}` is outside the folder of the main file", span=span)
        candidates = [] if shipped else [name]
        candidates += [SHIPPED + name] if shipped else [SHIPPED + posixpath.normpath(path)]
        for candidate in candidates:
            if candidate in self.sources or self._find(candidate, importer, span):
                return candidate
        raise fail("N218", f"there is no file `{escape(path)}` here, and none ships with netdsl", span=span)

    def _find(self, name: str, importer: str, span: Span) -> bool:
        if name in self.replaced:
            source = Source(name, self.replaced[name])
            check_characters(source)
            self.sources[name] = source
            return True
        if name.startswith(SHIPPED):
            resource = files("netdsl.architectures").joinpath(name.removeprefix(SHIPPED))
            if ".." in name or not resource.is_file():
                return False
            with resource.open("rb") as file:
                self.sources[name] = decode(file.read(MAX_BYTES + 1), name)
            return True
        if self.folder is None:
            return False
        file_path = self.folder / name
        if not file_path.exists():
            return False
        if not file_path.resolve().is_relative_to(self.folder.resolve()):
            raise fail("N218", f"`{escape(name)}` leads outside the folder of the main file", span=span)
        shown = posixpath.join(
            posixpath.dirname(span.source.name), posixpath.relpath(name, posixpath.dirname(importer) or ".")
        )
        try:
            self.sources[name] = read(file_path, posixpath.normpath(shown))
        except NetError as error:
            first = error.diagnostics[0]
            if first.span is None:
                raise fail(first.code, first.message, span=span) from None
            raise
        return True
