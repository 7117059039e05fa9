"""Files that are read with care and written whole: what weights, plans, images and the tuning cache share."""
