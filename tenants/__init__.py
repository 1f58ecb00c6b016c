"""What a tenant is and does. Knows no network and no SQL."""
