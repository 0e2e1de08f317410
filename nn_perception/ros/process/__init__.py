"""The process that a node runs in: signals, memory, transport, logs, and its start and end."""
