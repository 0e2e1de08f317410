"""Images as nodes receive them."""
