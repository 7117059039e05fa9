"""From a net to a plan that runs."""
