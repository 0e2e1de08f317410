"""The page: see, draw, teach and play, in a browser."""
