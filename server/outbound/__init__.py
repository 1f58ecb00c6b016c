"""The only code that calls out, and the identity providers that it calls."""
