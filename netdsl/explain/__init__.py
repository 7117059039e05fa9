"""What a net does, shown: a convolution worked out window by window, a kernel on a photograph, a receptive field."""
