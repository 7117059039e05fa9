"""What is allowed and yet likely a slip: rules over the text of a net and its graph, each with a code and a page."""
