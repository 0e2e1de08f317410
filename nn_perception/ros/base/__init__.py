"""The base of the camera nodes: lifecycle, parameters, cameras and the worker thread."""
