"""What a run keeps on disk, and how it stays whole: its folder, weights, checkpoints, lock and interruption."""
