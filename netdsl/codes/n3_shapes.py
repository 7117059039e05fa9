"""Codes N3xx: shapes and arithmetic."""

from netdsl.codes.page import Page

PAGES: tuple[Page, ...] = ()
