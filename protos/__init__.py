"""The contract: what the admin API looks like on the wire."""
