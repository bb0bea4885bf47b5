"""Facts from the running app: hooks, phases, stacks."""
