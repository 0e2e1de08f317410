"""What networks find in images: one folder per capability."""
