"""What the sanitizer scripts share: planted mistakes, copies of the sources, plans for the C driver."""
