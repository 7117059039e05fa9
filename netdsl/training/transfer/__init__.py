"""One training after another: weights taken over by name, stages and their chain, features, and advice."""
