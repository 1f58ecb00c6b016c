"""How a tenant is kept in memory: the port of tenants/store.py without a file, for tests and for trying things out."""
