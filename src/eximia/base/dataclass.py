"""The part of the standard library's `dataclasses` that this program uses, made for a quick start.

The standard decorator compiles up to six methods a class while its module is imported and pulls in `inspect`; for a
command that lives a tenth of a second and meets fifty such classes that is a third of its life. Here `__init__` is
compiled when the first instance is made, and the other methods are shared closures over the names of the fields.

A type checker sees the standard decorator, so it is that one that refuses wrong arguments and assignments to frozen
classes. At run time `frozen` only adds `__hash__`: an assignment is not stopped, and making an instance costs no more
than that of any other class. What is not here (ordering, `InitVar`, `KW_ONLY`, `__post_init__`) is refused or unused.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass, field, fields, is_dataclass, replace

    __all__ = ["dataclass", "field", "fields", "is_dataclass", "replace"]
else:
    _MISSING = object()

    class _Field:
        """One field: its name, how its value is made when none is given, and whether comparing looks at it."""

        __slots__ = ("compare", "default", "default_factory", "name")

        def __init__(self, default, default_factory, compare):
            self.name = ""
            self.default = default
            self.default_factory = default_factory
            self.compare = compare

    def field(*, default=_MISSING, default_factory=_MISSING, compare=True):
        """As `dataclasses.field`."""
        return _Field(default, default_factory, compare)

    def fields(record):
        """The fields of a class or an instance, in the order of their declaration; each has a `name`."""
        return tuple(record.__record_fields__.values())

    def is_dataclass(record):
        """Whether it was made by `dataclass`."""
        return hasattr(record, "__record_fields__")

    def replace(record, /, **values):
        """A new instance with some fields changed, as `dataclasses.replace`."""
        for name in record.__record_fields__:
            if name not in values:
                values[name] = getattr(record, name)
        return type(record)(**values)

    def dataclass(cls=None, /, *, frozen=False, slots=False, eq=True, repr=True):  # noqa: A002 - the standard name
        """As `dataclasses.dataclass`, with the differences that stand at the head of this module."""
        if cls is None:
            return lambda it: _made(it, frozen, slots, eq, repr)
        return _made(cls, frozen, slots, eq, repr)

    def _made(cls, frozen, slots, eq, with_repr):
        inherited = getattr(cls, "__record_fields__", {})
        declared = dict(inherited)
        body = dict(cls.__dict__)
        own = [name for name, kind in body.get("__annotations__", {}).items() if not _of_class(kind)]
        for name in own:
            default = body.get(name, _MISSING)
            one = default if isinstance(default, _Field) else _Field(default, _MISSING, True)
            one.name = name
            declared[name] = one
            if slots or one.default is _MISSING:
                body.pop(name, None)
            elif default is one:
                body[name] = one.default
        body["__record_fields__"] = declared
        body["__match_args__"] = tuple(declared)
        if "__init__" not in body:
            body["__init__"] = _first_init
        if with_repr and "__repr__" not in body:
            body["__repr__"] = _repr
        if eq and "__eq__" not in body:
            body = _comparing([name for name, one in declared.items() if one.compare], frozen) | body
        if slots:
            body["__slots__"] = tuple(name for name in own if name not in inherited)
            body.pop("__dict__", None)
            body.pop("__weakref__", None)
        else:
            body = {name: value for name, value in body.items() if name not in ("__dict__", "__weakref__")}
        return type(cls)(cls.__name__, cls.__bases__, body)

    def _of_class(kind):
        """Whether an annotation, text or not, is a ClassVar: no field."""
        return "ClassVar" in (kind if isinstance(kind, str) else getattr(kind, "__name__", str(kind)))

    def _first_init(self, *values, **named):
        """`__init__` until the first instance of a class is made: compile the real one and put it in its place."""
        for cls in type(self).__mro__:
            if cls.__dict__.get("__init__") is _first_init:
                cls.__init__ = _compiled_init(cls)
                break
        self.__init__(*values, **named)

    def _compiled_init(cls):
        scope = {"_MISSING": _MISSING}
        parameters, lines = [], []
        for name, one in cls.__record_fields__.items():
            value = name
            if one.default_factory is not _MISSING:
                scope[f"_new_{name}"] = one.default_factory
                parameters.append(f"{name}=_MISSING")
                value = f"_new_{name}() if {name} is _MISSING else {name}"
            elif one.default is not _MISSING:
                scope[f"_is_{name}"] = one.default
                parameters.append(f"{name}=_is_{name}")
            else:
                parameters.append(name)
            lines.append(f" self.{name} = {value}")
        text = f"def __init__(self, {', '.join(parameters)}):\n" + ("\n".join(lines) or " pass")
        exec(text, scope)  # noqa: S102 - the text is made of names of fields
        init = scope["__init__"]
        init.__qualname__ = f"{cls.__qualname__}.__init__"
        return init

    def _repr(self):
        inside = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__record_fields__)
        return f"{type(self).__qualname__}({inside})"

    def _comparing(names, frozen):
        """`__eq__` and `__hash__` over these fields; without `frozen` there is no hash, as in the standard library."""
        key = attrgetter(*names) if names else type

        def equal(self, other):
            return key(self) == key(other) if type(other) is type(self) else NotImplemented

        return {"__eq__": equal, "__hash__": (lambda self: hash(key(self))) if frozen else None}
