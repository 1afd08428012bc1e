"""Many repositories: scanned by a cluster, kept in a database, put in order together. Needs the extra `armready[fleet]`."""
