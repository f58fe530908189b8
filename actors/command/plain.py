"""Reports as JSON: objects by field names, addresses as text, because their numbers are too long for many readers."""

import json
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from actors.address import Address
from actors.ref import Ref


def as_json(report: object) -> str:
    """One line of JSON."""
    return json.dumps(_plain(report)) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Address):
        return str(value)
    if isinstance(value, Ref):
        return str(cast("Ref[object]", value).address)
    if isinstance(value, msgspec.Struct):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in cast("Mapping[object, object]", value).items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in cast("list[object]", value)]
    return value
