"""The soak test: nodes work for minutes while everything around them changes."""
