"""The view Live: what the networks find in the images of a camera."""
