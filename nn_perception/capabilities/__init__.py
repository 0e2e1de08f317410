"""What the networks find in images; one folder a sense."""
