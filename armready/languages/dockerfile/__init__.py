"""Dockerfiles: logical lines, instructions, stages, and the values of variables, as BuildKit reads them."""
