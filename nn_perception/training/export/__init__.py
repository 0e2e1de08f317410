"""Files of a model for programs that do not use this package."""
