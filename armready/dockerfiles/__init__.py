"""Dockerfiles: what other files need to know of them, and what the rules on them ask of stages, images and words."""
