"""`@dataclass` for frozen records, at a quarter of its cost.

The one of the standard library writes and compiles six methods for each class, half a millisecond a class: with a hundred records that
is most of the time in which a run over one file starts. Here a record has its own `__init__` and shares the other methods. Type checkers
see the decorator of the standard library, and it is theirs to keep records frozen: at run time nothing stops an assignment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    from dataclasses import dataclass as _dataclass
    from dataclasses import fields
    from operator import attrgetter

    def dataclass(*, frozen: bool, slots: bool = False, eq: bool = True):
        """The decorator of the standard library, for records."""
        if not frozen:
            raise TypeError("a record is frozen")

        def decorate(cls):
            shared = {"__repr__": _repr, **({"__eq__": _equal, "__hash__": _hash} if eq else {})}
            for name, method in shared.items():
                if name not in vars(cls):
                    setattr(cls, name, method)
            made = _dataclass(cls, repr=False, eq=False, slots=slots)
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
