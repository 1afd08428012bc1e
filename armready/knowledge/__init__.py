"""Facts about the world: images, tools, packages, runners, instance types."""
