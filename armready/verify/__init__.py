"""Build the images of a repository, look inside of them, and say why a build failed."""
