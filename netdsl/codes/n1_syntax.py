"""Codes N1xx: syntax."""

from netdsl.codes.page import Page

PAGES: tuple[Page, ...] = ()
