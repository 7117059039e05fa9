"""What a net looks like: summaries and drawings."""
