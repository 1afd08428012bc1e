"""Python sources and notebooks: syntax trees with offsets into the text. Nothing is imported or run."""
