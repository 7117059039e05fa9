"""The page of every code that netdsl can print; `docs/errors.md` is generated from it."""

from __future__ import annotations

from importlib import import_module

from netdsl.codes.page import Page

_MODULES = (
    "n0_text",
    "n1_syntax",
    "n2_names",
    "n3_shapes",
    "n4_asserts",
    "n5_weights",
    "n52_transfer",
    "n53_runs",
    "n54_tuning",
    "n55_replay",
    "n6_data",
    "n7_engine",
    "warnings",
    "lint",
)


def pages() -> dict[str, Page]:
    """Every page by code, in order."""
    found = [page for name in _MODULES for page in import_module(f"netdsl.codes.{name}").PAGES]
    return {page.code: page for page in sorted(found, key=lambda page: page.code)}


def find(code: str) -> Page | None:
    """The page of a code, or None."""
    return pages().get(code.upper())
