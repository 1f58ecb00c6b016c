"""The doors: everything that meets the world."""
