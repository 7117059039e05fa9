"""What changes the weights: losses, optimisers, schedules, clipping and penalties, as operations of the step."""
