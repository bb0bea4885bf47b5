"""What Android would load from an app's file: archive members, manifest, signatures."""
