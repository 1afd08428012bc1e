"""Editors and agents: the language server and the server of the model context protocol, both over the same session and fixes."""
