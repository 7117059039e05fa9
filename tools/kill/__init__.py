"""What `kill_training.py` is made of."""
