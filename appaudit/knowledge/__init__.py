"""What the field knows, as data: data types, APIs, SDKs, permissions, regulations, words, rules."""
