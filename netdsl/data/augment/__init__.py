"""Changing images at random while a net is trained, one small file a family."""
