"""The compiled engine: plain C kernels behind one Cython module."""
