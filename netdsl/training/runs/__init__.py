"""Runs taken up again from their folders: read, resumed, repeated, and replayed to compare the bits."""
