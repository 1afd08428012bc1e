"""What a Python project asks for and what an installer would do about it, on x86-64 and on arm64, decided from text alone."""
