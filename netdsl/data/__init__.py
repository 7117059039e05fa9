"""Reading images and labels, and preparing them for a net."""
