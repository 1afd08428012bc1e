"""Container commands as events: what is built, tagged, pushed and used, in which order, and how to fold it into one multi-platform build.

In the order of the work: `grammar` reads the words of one command (`options` has its tables); `references`, `platforms` and `variables`
compare names; `walk` turns the jobs of a pipeline into `events`; `chains` joins builds with their tags and pushes; `exempt` knows the
ones that are right as they are; `fold` writes the fix (`folding`, `fold_gates`, `rewriting`, `statements`, `preparing`, `setup`,
`promote`); `view` makes the `facts` of a file; and `gates` says in the second pass what the rest of the repository thinks of a fix.
"""
