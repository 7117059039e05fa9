"""Ways to train several nets together."""
