"""Messages, topics and QoS profiles of what the nodes publish."""
