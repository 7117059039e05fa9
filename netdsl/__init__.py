"""netdsl: a small language for convolutional networks, and the compiler and engine that train them."""

__version__ = "0.1.0"
