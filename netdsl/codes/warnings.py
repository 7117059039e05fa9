"""Codes Wxxx: warnings."""

from netdsl.codes.page import Page

PAGES: tuple[Page, ...] = ()
