"""Sizes that depend on a symbol, `net W(T=any)`: exact arithmetic that layers do as with integers."""
