"""What a dataset holds, pictures or sounds: how they are found, read, stored and called."""
