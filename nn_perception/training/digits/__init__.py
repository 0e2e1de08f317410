"""Training the network of the digit reader from nothing, so that anyone can do it again."""
