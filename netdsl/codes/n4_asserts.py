"""Codes N4xx: asserts and declared shapes."""

from netdsl.codes.page import Page

PAGES: tuple[Page, ...] = ()
