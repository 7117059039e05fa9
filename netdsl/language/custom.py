"""Layers from Python files, `import "mylayer.py"`: run only where the user said `--allow-code`, and then as the user.

The file declares subclasses of `Layer` as the files of `netdsl/layers/` do. Its text goes with that of the net, so that
a training can be opened again; that, too, needs the permission.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import sha256
from types import ModuleType

from netdsl.errors import Source, Span, escape, fail
from netdsl.layers.base import REGISTRY, Layer

_allowed: ContextVar[bool] = ContextVar("allowed", default=False)
_loaded: dict[str, dict[str, type[Layer]]] = {}
_present: set[str] = set()


@contextmanager
def code_allowed(allowed: bool = True) -> Iterator[None]:
    """Let nets run the Python files that they import, or not."""
    token = _allowed.set(allowed)
    try:
        yield
    finally:
        _allowed.reset(token)


def check_permission(path: str, span: Span) -> None:
    """`NetError` N237 where the user has not said that code may run: the file is not even read."""
    if not _allowed.get():
        message = f'`import "{escape(path)}"` would run Python code, which may do anything'
        raise fail("N237", message, span=span, help="where you trust it: `--allow-code`, or `load(…, allow_code=True)`")


def forget_layers() -> None:
    """Take the layers of earlier nets out of the language."""
    for keyword in _present:
        REGISTRY.pop(keyword, None)
    _present.clear()


def add_layers(source: Source, span: Span) -> None:
    """Run a Python file, once for each text, and put the layers that it declares into the language.

    Raises `NetError` N238 for a file that fails, that declares none, or one that there is already.
    """
    key = sha256(source.text.encode()).hexdigest()
    if key not in _loaded:
        _loaded[key] = _run(source, key, span)
    for keyword, layer in _loaded[key].items():
        if REGISTRY.get(keyword, layer) is not layer:
            raise fail(
                "N238", f"`{escape(source.name)}` declares the layer `{keyword}`, which there is already", span=span
            )
        REGISTRY[keyword] = layer
        _present.add(keyword)


def _run(source: Source, key: str, span: Span) -> dict[str, type[Layer]]:
    """The layers that a file declares, by keyword."""
    before = dict(REGISTRY)
    module = ModuleType(f"netdsl_custom_{key[:16]}")
    module.__file__ = source.name
    sys.modules[module.__name__] = module  # dataclasses look the module of their annotations up
    try:
        exec(compile(source.text, source.name, "exec"), module.__dict__)
    except Exception as cause:
        raise fail("N238", _told(source, cause), span=span) from cause
    finally:
        made = {keyword: layer for keyword, layer in REGISTRY.items() if keyword not in before}
        REGISTRY.clear()
        REGISTRY.update(before)
    if not made:
        help_text = 'a layer is a frozen dataclass, `class Rms(Layer, keyword="rms")`'
        raise fail("N238", f"`{escape(source.name)}` declares no layer", span=span, help=help_text)
    for keyword, layer in made.items():
        if not getattr(vars(layer).get("__dataclass_params__"), "frozen", False):
            raise fail("N238", f"the layer `{keyword}` of `{escape(source.name)}` is no frozen dataclass", span=span)
    return made


def _told(source: Source, cause: Exception) -> str:
    """What went wrong in the file, and in which line."""
    if isinstance(cause, AssertionError) and str(cause) in REGISTRY:
        return f"`{escape(source.name)}` declares the layer `{cause}`, which there is already"
    line = cause.lineno if isinstance(cause, SyntaxError) else None
    trace = cause.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == source.name:
            line = trace.tb_lineno
        trace = trace.tb_next
    where = f", line {line}" if line else ""
    return f"`{escape(source.name)}` failed{where}: {type(cause).__name__}: {escape(str(cause))[:200]}"
