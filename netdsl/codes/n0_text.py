"""Codes N0xx: files and text."""

from netdsl.codes.page import Page

PAGES: tuple[Page, ...] = (
    Page(
        "N001",
        "a file that cannot be read",
        "The path names nothing, a folder, a pipe or a device, or you may not read it. A net is a regular "
        "file that ends in `.net`, or the name of one that ships with netdsl: `netdsl list` shows those. A plan file is compiled: `netdsl predict`, `eval` and `bench` take it. In Python "
        "`netdsl.load` takes such a path or name, `netdsl.parse` the text of a net.",
    ),
    Page(
        "N002",
        "a file that is too large",
        "A `.net` file has at most 4 MiB. Large nets are loops and blocks, not long lists: ResNet-152 takes "
        "twenty lines.",
    ),
    Page(
        "N003",
        "a file that is not UTF-8",
        "The text is in another encoding, such as UTF-16 or Latin-1. Save it as UTF-8; a byte order mark is allowed.",
    ),
    Page(
        "N004",
        "a hidden character",
        "Control characters, zero-width characters and marks that turn the direction of writing make a text "
        "look different from what it says, so they are refused everywhere, in comments too. Lines end with LF "
        "or CRLF; a lone carriage return ends nothing.",
    ),
    Page(
        "N005",
        "a character that is not ASCII",
        "Names and symbols are ASCII, so that two names that look the same are the same. Other letters may "
        "stand in comments and strings. Often the sign comes from a text processor: `×` for `x`, `–` for `-`, "
        'curly quotes for `"`.',
    ),
)
