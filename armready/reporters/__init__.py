"""One module per output format; all get the same report."""
