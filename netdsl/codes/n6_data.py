"""Codes N6xx: data."""

from netdsl.codes.page import Page

PAGES: tuple[Page, ...] = ()
