"""CI systems and build descriptions, one module each: a file becomes a `Pipeline` of `armready.builds.model`."""
