"""Single digits in the format of MNIST, without a search for lines of digits."""
