"""What makes a start cheap: a run over a few files uses a small part of the code, and should pay for that part alone.

| trick | instead of | saves |
| --- | --- | --- |
| `dataclass` | six methods that the standard library writes and compiles for each class | 0.5 ms a record |
| `lazy` | the lock that Python 3.11 takes when a `cached_property` is first read | 1 µs a value, of tens of thousands |
| `regex` | compiling every pattern that a module defines | 0.1 ms a pattern |
| `imported` | importing what only some files need | the module's import |
"""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, AnyStr, cast

__all__ = ["dataclass", "imported", "lazy", "regex"]

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
    from functools import cached_property as lazy
else:
    from dataclasses import dataclass as _dataclass
    from dataclasses import fields
    from operator import attrgetter

    def dataclass(*, frozen: bool, slots: bool = False, eq: bool = True, kw_only: bool = False):
        """Make a record: the standard library's decorator for frozen data classes, whose comparing methods all records share.

        Type checkers see the original, and it is theirs to keep records frozen: at run time nothing stops an assignment.
        """
        if not frozen:
            raise TypeError("a record is frozen")

        def decorate(cls):
            shared = {"__repr__": _repr, **({"__eq__": _equal, "__hash__": _hash} if eq else {})}
            for name, method in shared.items():
                if name not in vars(cls):
                    setattr(cls, name, method)
            made = _dataclass(cls, repr=False, eq=False, slots=slots, kw_only=kw_only)
            names = [each.name for each in fields(made) if each.compare]
            made._compared = attrgetter(*names) if names else _nothing
            return made

        return decorate

    @staticmethod
    def _nothing(record):
        return ()

    def _equal(self, other):
        if self.__class__ is not other.__class__:
            return NotImplemented
        return self._compared(self) == self._compared(other)

    def _hash(self):
        return hash((self._compared(self), self.__class__))

    def _repr(self):
        values = (f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
        return f"{self.__class__.__qualname__}({', '.join(values)})"

    class lazy:  # noqa: N801
        """Call a method once for each object and keep what it returns under the method's name."""

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


class _Pattern:
    """Stand for a compiled pattern; each of its methods is looked up once."""

    def __init__(self, text: Any, flags: int) -> None:
        self._made_of = (text, flags)

    def __getattr__(self, name: str) -> Any:
        value = getattr(re.compile(*self._made_of), name)
        setattr(self, name, value)
        return value


def regex(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Compile a pattern when it is first matched against."""
    return cast("re.Pattern[AnyStr]", _Pattern(text, flags))


@cache
def imported(module: str, name: str) -> Any:
    """Import a module when it is first needed, and return what it calls `name`."""
    return getattr(import_module(module), name)
