"""One module per format, each imported when a file first needs it."""
