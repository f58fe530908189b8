"""Dataclasses, pydantic models, enums, named tuples, exceptions and abstract classes of a script."""

import enum
import functools
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, NamedTuple, ParamSpec, Protocol

import msgspec
from pydantic import BaseModel, Field, ValidationError, field_validator

from actors.encoding.code import ClassTable
from tests.actors.encoding.peer import Peer, run_checks

TABLE = ClassTable(1)
P = ParamSpec("P")


class Colour(enum.Enum):
    RED = "r"
    BLUE = "b"

    def other(self) -> "Colour":
        return Colour.BLUE if self is Colour.RED else Colour.RED


class Flags(enum.IntFlag):
    A = 1
    B = 2


@dataclass(frozen=True, slots=True, order=True)
class Line:
    sku: str
    count: int = 1
    colour: Colour = Colour.RED

    def twice(self) -> "Line":
        return Line(self.sku, self.count * 2, self.colour.other())


@dataclass
class Order:
    lines: list[Line] = field(default_factory=list)
    after: "Order | None" = None


@dataclass
class Special(Order):
    note: str = "none"


class Patient(BaseModel, frozen=True):
    mrn: str = Field(min_length=2)
    age: int | None = None
    mother: "Patient | None" = None

    @field_validator("mrn")
    @classmethod
    def upper(cls, value: str) -> str:
        return value.upper()


class Inpatient(Patient, frozen=True):
    bed: int


class Pair(NamedTuple):
    left: Any
    right: Any = None


class Refused(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Shape(ABC):
    @abstractmethod
    def area(self) -> float: ...


class Square(Shape):
    __slots__ = ("side",)

    def __init__(self, side: float) -> None:
        self.side = side

    def area(self) -> float:
        return self.side**2


class HasArea(Protocol):
    def area(self) -> float: ...


class Holder(msgspec.Struct):
    patient: Patient
    line: Line
    colour: Colour


def there(function: Any, *arguments: Any) -> None:
    with Peer(TABLE, 2) as peer:
        here, far = function(*arguments), peer.run(function, *arguments)
        assert here == far, (here, far)


def check_dataclasses() -> None:
    def use(order: Special) -> list[Any]:
        return [order.lines[0].twice(), order, Special(note="here"), order.lines[0] < order.lines[0].twice()]

    there(use, Special([Line("a", 3)], Order([Line("b")]), "x"))


def check_models() -> None:
    def use(patient: Inpatient) -> list[Any]:
        made = Inpatient(mrn="zz", bed=4)
        try:
            Patient(mrn="z")
        except ValidationError as error:
            count = error.error_count()
        return [patient, made, count, patient.model_dump_json(), Patient.model_validate_json('{"mrn":"ab"}')]

    there(use, Inpatient(mrn="ab", age=3, bed=4, mother=Patient(mrn="mm")))


def check_enums() -> None:
    there(lambda colour, flags: (colour.other(), flags, Flags.A, colour is Colour.RED), Colour.RED, Flags.A | Flags.B)
    with Peer(TABLE, 2) as peer:
        assert peer.run(Colour.other, Colour.BLUE) is Colour.RED


def check_named_tuples_and_exceptions() -> None:
    there(lambda pair: (pair, Pair(1), pair.left), Pair(Colour.RED, Pair(3)))
    with Peer(TABLE, 2) as peer:
        error = peer.run(lambda: Refused("no"))
        assert type(error) is Refused
        assert error.reason == "no"


def check_abstract_classes() -> None:
    def use(square: Square) -> tuple[float, bool, str]:
        try:
            Shape()  # type: ignore[abstract]
        except TypeError as error:
            return square.area(), isinstance(square, Shape), type(error).__name__
        return 0, False, ""

    there(use, Square(3))


def check_structs_of_models() -> None:
    with Peer(TABLE, 2) as peer:
        holder = Holder(Patient(mrn="ab"), Line("s"), Colour.BLUE)
        back, text, _ = peer.tell(holder)
        assert back == holder
        assert text == repr(holder)


def check_typing_names() -> None:
    class Generic1(msgspec.Struct):
        callback: "functools.partial[Any]"
        spec: Any = P

    there(lambda one: one.callback(), Generic1(functools.partial(Line, "sku")))


run_checks(globals())
