"""What stops a local run, said in one line with its remedy."""

from typing import ClassVar


class Trouble(Exception):
    """The message is the one line that a person needs: what is wrong, and what to do."""

    exit_code: ClassVar[int] = 3


class ServiceDied(Trouble):
    """One of our own processes ended or never became ready."""

    exit_code: ClassVar[int] = 4
