"""Container commands as events: what is built, tagged, pushed and used, in which order, and what the repository says about it.

In the order of the work: a reader of `systems` fills the records of `model`; `grammar` reads the words of one command, with the tables
of `options`; `references`, `platforms` and `variables` compare names; `read_events` turns the jobs of a pipeline into `events`, which a
`timeline` holds in order; `history` joins builds with their tags and pushes; `exemptions` knows the ones that are right as they are;
`facts` is what the second pass is told; and `gates` asks the rest of the repository whether a fix may be applied.
"""
