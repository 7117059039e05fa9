"""How good a net is: the metrics, measuring and watching them, and showing them on the way."""
