"""The page behind an error code."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Page:
    """What `netdsl explain CODE` prints: a title, and text with the cause, an example and the way out."""

    code: str
    title: str
    text: str
