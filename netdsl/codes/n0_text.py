"""Codes N0xx: files and text."""

from netdsl.codes.page import Page

PAGES: tuple[Page, ...] = ()
