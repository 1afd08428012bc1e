"""One module per CI system: its files become jobs, steps, hosts, variables and scripts."""
