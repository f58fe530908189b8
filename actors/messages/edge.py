"""How pydantic reads and writes our values, where data enters or leaves as JSON. Imported by the first who asks for it.

A struct is an object with its fields, each read as its own type says, so models, refs and structs nest in each other;
a ref is the text of its address. An instance is taken as it is.
"""

import re
from contextvars import ContextVar
from typing import Any, get_args

import msgspec
from pydantic_core import core_schema as core

from actors.address import COUNTER_BITS, Address

ADDRESS = re.compile(r"(.+)/(\d+)/(\d+)\.(\d+)", re.ASCII)

_open: ContextVar[frozenset[str]] = ContextVar("understudy_open_schemas", default=frozenset())
"""The structs whose schema is being made, so that one that contains itself refers back."""


def struct_schema(cls: Any, source: Any, handler: Any) -> core.CoreSchema:
    """The schema of a struct class; `source` is the class, or an alias of it with arguments."""
    ref = f"{cls.__module__}.{cls.__qualname__}:{id(cls)}"  # pydantic's own form, from which it takes short names
    if source is not cls:
        ref += f"[{','.join(getattr(it, '__qualname__', str(it)) for it in get_args(source))}]"
    if ref in _open.get():
        return core.definition_reference_schema(ref)
    fields = msgspec.structs.fields(source)
    token = _open.set(_open.get() | {ref})
    try:
        values = core.typed_dict_schema(
            {it.name: core.typed_dict_field(handler.generate_schema(it.type), required=it.required) for it in fields}
        )
    finally:
        _open.reset(token)
    made = core.no_info_after_validator_function(lambda found: cls(**found), values)
    return core.json_or_python_schema(
        json_schema=made,
        python_schema=core.union_schema([core.is_instance_schema(cls), made], mode="left_to_right"),
        serialization=core.wrap_serializer_function_ser_schema(
            lambda value, write: write({it.name: getattr(value, it.name) for it in fields}), schema=values
        ),
        ref=ref,
        metadata={"pydantic_js_updates": {"title": cls.__name__}},
    )


def ref_schema(cls: Any, _source: Any, _handler: Any) -> core.CoreSchema:
    """The schema of a ref, whatever its actor's class: that is not in the text."""
    made = core.no_info_after_validator_function(lambda text: cls(_address(text), None), core.str_schema())
    return core.json_or_python_schema(
        json_schema=made,
        python_schema=core.union_schema([core.is_instance_schema(cls), made], mode="left_to_right"),
        serialization=core.plain_serializer_function_ser_schema(lambda ref: str(ref.address), when_used="json"),
    )


def _address(text: str) -> Address:
    """The address that `str(address)` wrote; ValueError for any other text."""
    parts = ADDRESS.fullmatch(text)
    address = parts and Address(parts[1], int(parts[2]), int(parts[3]) << COUNTER_BITS | int(parts[4]))
    if address is None or str(address) != text:  # a counter that is too big would run into the epoch
        raise ValueError("not the address of an actor; send what a ref was written as")
    return address
