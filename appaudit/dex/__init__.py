"""DEX as columns: a dex is a set of tables, an audit question is a join."""
