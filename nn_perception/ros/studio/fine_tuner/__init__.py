"""What the page knows of the node ``fine_tuner`` that it talks to."""
