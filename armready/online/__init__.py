"""Look-ups in image registries and package indexes: only with `--online`, never a reason for a finding when they fail."""
