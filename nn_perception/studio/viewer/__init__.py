"""Pictures and results on their way from a camera to the browser."""
