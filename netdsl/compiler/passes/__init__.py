"""Rewrites of a program of operations, one file each."""
