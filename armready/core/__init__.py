"""What everybody speaks: text with places, files and kinds, findings, fixes, facts, rules, settings."""
