"""Facts from an app's files alone, without running it."""
