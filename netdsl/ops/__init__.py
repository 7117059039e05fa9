"""The primitive operations: shape rule, NumPy body and gradient of each."""
