"""The backend that runs everything in the process of the page."""
