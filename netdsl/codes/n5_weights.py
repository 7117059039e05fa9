"""Codes N5xx: weights and runs."""

from netdsl.codes.page import Page

PAGES: tuple[Page, ...] = ()
