"""The fix of a pushed build: whether it may be rewritten, the rewritten commands, and the set-up that they need."""
