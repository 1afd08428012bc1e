"""armready: a linter and migration assistant for ARM readiness."""

__version__ = "0.1.0"
