"""`cached_property` without the lock that Python 3.11 takes at every first access: a parser works out tens of thousands of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["lazy"]

if TYPE_CHECKING:
    from functools import cached_property as lazy
else:

    class lazy:  # noqa: N801
        """Calls a method once for each object and keeps what it returns under the method's name."""

        def __init__(self, make):
            self._make = make
            self.__doc__ = make.__doc__

        def __set_name__(self, owner, name):
            self._name = name

        def __get__(self, record, owner=None):
            if record is None:
                return self
            value = record.__dict__[self._name] = self._make(record)
            return value
