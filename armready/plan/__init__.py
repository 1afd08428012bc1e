"""What to do in which order: the graph of a repository, the waves in which it becomes ready, and the steps of each."""
