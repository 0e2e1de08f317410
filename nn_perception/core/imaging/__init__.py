"""Image encodings, decoding, preprocessing and geometry."""
