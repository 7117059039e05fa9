"""A net as a graph of layers, and its queries."""
