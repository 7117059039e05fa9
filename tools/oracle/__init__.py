"""Sliding windows counted one by one: random specifications, what they must give, and what torch says of them."""
