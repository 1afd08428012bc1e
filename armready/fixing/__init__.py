"""From edits to files: chosen, proven, written."""
