"""Codes N7xx: the engine and the Python interface."""

from netdsl.codes.page import Page

PAGES: tuple[Page, ...] = ()
