"""Container commands as events: what is built, tagged, pushed and used, in which order, and how to fold it into one multi-platform build.

`grammar` reads the words of one command; `references` and `platforms` compare names and architectures; `events` turns a list of scripts
and declarative steps into events; `fold` joins a build with its tags and pushes and writes the edits; `setup` knows what a host needs first;
`facts` is what the second pass gets.
"""
