"""What changes the text of a file that builds images: one editor for each system, which finds from the plain records where to edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from armready.builds.events import Build
    from armready.builds.history import Chain
    from armready.builds.model import Job, Needs, Step
    from armready.core.file import File
    from armready.core.fix import Edit


class Editor:
    """Edit one file of a system.

    Every method answers with None where the system, or the way in which the file is written, takes no such edit. This class answers so
    always: a system overrides what it can do.
    """

    def __init__(self, file: File) -> None:
        self.file = file

    def insert_scripts(self, step: Step, lines: tuple[str, ...]) -> list[Edit] | None:
        """Run shell lines as steps of their own before a step."""

    def remove_step(self, step: Step) -> list[Edit] | None:
        """Take out a step."""

    def set_platforms(self, build: Build, platforms: tuple[str, ...]) -> list[Edit] | None:
        """Set the platforms of a build that is no command; its `Declared.takes_platforms` says whether it has an input for them."""

    def remove_pushes(self, steps: tuple[Step, ...]) -> list[Edit] | None:
        """Take out the pushes that these steps are, all together; their `Declared.removable` says whether they can go."""

    def prepare(self, job: Job, step: Step, missing: Needs) -> list[Edit] | None:
        """Give a job with `own_setup` what it is missing, before a step."""

    def divide(self, chain: Chain, builds: int) -> list[Edit] | str:
        """Build on a machine of each architecture and join the images, or say why not.

        Args:
            chain: the build, in a job that is `divisible`.
            builds: how many builds the job has.
        """
        return "it is not made for the system"

    def add_target(self, job: Job, name: str, command: str) -> list[Edit] | None:
        """Put a target of its own, with one command, behind a job that `takes_targets`."""
