"""What a `train` block means: reading its lines and the command line over it, checked, into `Settings`."""
