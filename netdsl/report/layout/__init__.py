"""A layered layout of nested boxes: what `draw` needs, and nothing about nets.

Each group is laid out by itself, from the innermost out, and is then one item of the group round it; so groups
never overlap and hold nothing foreign. Within a group:

    ranks     the row of each item: the longest path that leads to it
    order     the order within the rows: barycentres, then exchanges of neighbours
    place     the horizontal positions: straight chains and lanes first, the rest by least squares
    route     the wires in the channels between rows, one horizontal track for each value
    fold      the finished picture, where it is tall, into columns

A wire that passes a row takes a lane of its own between the items, so no wire crosses a box.
"""

from netdsl.report.layout.compose import lay_out
from netdsl.report.layout.fold import fold
from netdsl.report.layout.model import Box, Group, Picture, Rect, Wire
from netdsl.report.layout.u_shape import lay_out_u

__all__ = ["Box", "Group", "Picture", "Rect", "Wire", "fold", "lay_out", "lay_out_u"]
