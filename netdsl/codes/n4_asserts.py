"""Codes N4xx: asserts and declared shapes."""

from netdsl.codes.page import Page

PAGES: tuple[Page, ...] = (
    Page(
        "N401",
        "a declared shape that is not given",
        "The chain gives another shape than the one written behind `->`. The formula shows how its size comes "
        "about, and the chain of sizes what led there.",
    ),
    Page(
        "N402",
        "an assert that is false",
        "The condition does not hold; the lines below show the value of each side. Under `-p`, an assert that "
        "does not name every overridden parameter is only reported as skipped, unless it says `always`.",
    ),
)
