"""The errors that armready raises on purpose. Only `cli.py` turns them into exit codes."""


class ArmreadyError(Exception):
    """Base of every error whose message is meant for the user."""


class UsageError(ArmreadyError):
    """Wrong arguments, a missing path or an unknown rule: exit code 2."""


class ConfigError(UsageError):
    """A configuration file that cannot be used as it stands: exit code 2."""


class IncompleteRun(UsageError):
    """A rule or a reader failed, so nothing is made that would pass for complete: exit code 2."""


class RefusedCacheError(ArmreadyError):
    """A cache that is not the user's alone. The run goes on without one."""


class DamagedCacheError(ArmreadyError):
    """What was kept of an earlier run holds something else than this version writes. It is deleted, and the run begins again."""


class ParseProblem(ArmreadyError):
    """A file that cannot be read as what it claims to be.

    Never ends a run: it becomes a note in the summary, and the other files go on.
    """
