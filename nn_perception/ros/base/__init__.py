"""What the camera nodes have in common."""
