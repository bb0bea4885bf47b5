"""Facts from what the app sends: flows, identifiers, hosts."""
