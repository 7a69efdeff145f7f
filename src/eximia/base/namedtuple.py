"""`NamedTuple` as the standard library's, made for a quick start (see `base.dataclass` for why).

`__new__` is compiled when the first instance is made; everything else is shared. A type checker sees `typing`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NamedTuple

    __all__ = ["NamedTuple"]
else:
    from _collections import _tuplegetter

    _tuple_new = tuple.__new__

    def _first_new(cls, *values, **named):
        """`__new__` until the first instance of a class is made: compile the real one and put it in its place."""
        for one in cls.__mro__:
            if "_fields" in one.__dict__:
                one.__new__ = _compiled_new(one)
                break
        return cls.__new__(cls, *values, **named)

    def _compiled_new(cls):
        scope = {"_tuple_new": _tuple_new}
        parameters = []
        for name in cls._fields:
            if name in cls._field_defaults:
                scope[f"_is_{name}"] = cls._field_defaults[name]
                parameters.append(f"{name}=_is_{name}")
            else:
                parameters.append(name)
        fields = "".join(f"{name}, " for name in cls._fields)
        text = f"lambda _cls, {', '.join(parameters)}: _tuple_new(_cls, ({fields}))"
        return eval(text, scope)  # noqa: S307 - the text is made of names of fields

    def _make(cls, values):
        made = _tuple_new(cls, values)
        if len(made) != len(cls._fields):
            raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
        return made

    def _replace(self, /, **values):
        made = self._make(map(values.pop, self._fields, self))
        if values:
            raise ValueError(f"Got unexpected field names: {list(values)!r}")
        return made

    def _asdict(self):
        return dict(zip(self._fields, self, strict=True))

    def _repr(self):
        inside = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
        return f"{type(self).__name__}({inside})"

    def _getnewargs(self):
        return tuple(self)

    class _Maker(type):
        """Makes a subclass of `tuple` of a class body."""

        def __new__(maker, name, bases, body):
            if not bases:
                return super().__new__(maker, name, bases, body)
            names = tuple(body.get("__annotations__", ()))
            defaults = {one: body[one] for one in names if one in body}
            own = {
                "__slots__": (),
                "_fields": names,
                "_field_defaults": defaults,
                "__match_args__": names,
                "__new__": _first_new,
                "__repr__": _repr,
                "__getnewargs__": _getnewargs,
                "_make": classmethod(_make),
                "_replace": _replace,
                "_asdict": _asdict,
            }
            own.update(body)
            for place, one in enumerate(names):
                own[one] = _tuplegetter(place, None)
            return type(name, (tuple,), own)

    class NamedTuple(metaclass=_Maker):
        """The base that a class statement names; the class made is a plain subclass of `tuple`."""
