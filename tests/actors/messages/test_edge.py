"""pydantic reads and writes structs and refs as parts of models, and describes them in a JSON schema."""

import json
import subprocess
import sys
from typing import Any, Generic, TypeVar

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from actors.address import Address
from actors.messages.message import Message
from actors.ref import Ref

T = TypeVar("T")


class Owner(BaseModel):
    age: int


class Tree(Message):
    label: str
    owner: Owner
    ref: Ref[Any] | None = None
    children: "list[Tree]" = []  # noqa: RUF012 - a struct copies it


class Box(Message, Generic[T]):
    it: T


class Page(BaseModel):
    tree: Tree
    box: Box[int] = Box(3)


REF: Ref[Any] = Ref(Address("west/1", 2, 5 << 32 | 7), None)
PAGE = Page(tree=Tree("a", Owner(age=1), REF, [Tree("b", Owner(age=2))]))


def test_a_struct_goes_to_json_and_back_with_models_refs_and_itself_inside() -> None:
    text = PAGE.model_dump_json()
    assert json.loads(text)["tree"]["ref"] == "west/1/2/5.7"
    assert Page.model_validate_json(text) == PAGE


def test_a_struct_goes_to_plain_data_and_back() -> None:
    assert Page.model_validate(PAGE.model_dump()) == PAGE


def test_an_instance_is_taken_as_it_is() -> None:
    assert Page(tree=PAGE.tree).tree is PAGE.tree


def test_fields_are_validated_as_their_types_say() -> None:
    text = '{"tree": {"label": 1, "owner": {"age": "x"}, "ref": "a/b/1"}, "box": {"it": "z"}}'
    with pytest.raises(ValidationError) as caught:
        Page.model_validate_json(text)
    wrong = [".".join(map(str, error["loc"])) for error in caught.value.errors()]
    assert wrong == ["tree.label", "tree.owner.age", "tree.ref", "box.it"]


@pytest.mark.parametrize(
    "text", ["", "a", "a/1", "a/x/1.2", "a/1/2", "a/1/2.", "a/1/1.4294967296", "a/1/-1.2", "a/1/ 1.2"]
)
def test_a_text_that_is_no_address_is_no_ref(text: str) -> None:
    with pytest.raises(ValidationError, match="not the address of an actor"):
        TypeAdapter(Ref[Any]).validate_python(text)


def test_structs_and_refs_have_a_json_schema_with_plain_names() -> None:
    schema = Page.model_json_schema()
    assert set(schema["$defs"]) == {"Tree", "Owner", "Box_int_"}
    assert schema["$defs"]["Tree"]["required"] == ["label", "owner"]
    assert schema["$defs"]["Tree"]["properties"]["ref"]["anyOf"][0] == {"type": "string"}


def test_a_schema_of_a_message_needs_nothing_but_pydantic() -> None:
    program = "from pydantic import TypeAdapter; from tests.actors.messages.test_edge import Tree; TypeAdapter(Tree)"
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)
