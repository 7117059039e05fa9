"""The layer types, one file each."""
