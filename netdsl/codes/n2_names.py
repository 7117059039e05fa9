"""Codes N2xx: names and arguments."""

from netdsl.codes.page import Page

PAGES: tuple[Page, ...] = ()
