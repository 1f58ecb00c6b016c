"""Health and metrics, on a port of their own that is not for the public."""
