"""From text to a graph: syntax, expansion, formatting, suggestions."""
