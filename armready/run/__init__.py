"""One run: which files, which rules, both passes, and what is left out of the report."""
