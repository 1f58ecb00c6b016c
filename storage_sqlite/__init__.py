"""How a tenant is kept: one SQLite file, one connection, one thread. Implements the port in tenants/store.py."""
