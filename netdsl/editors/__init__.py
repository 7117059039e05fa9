"""What editors and highlighters need of the language."""
