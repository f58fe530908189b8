"""Large records are put together from chunks, and never more is allocated than was agreed."""

import pytest

from actors.links.assembly import Assembly
from actors.links.frames import BadFrame


def added(assembly: Assembly, stream: int, size: int, chunk: bytes) -> bytes | None:
    whole = assembly.add(stream, size, memoryview(chunk))
    return None if whole is None else bytes(whole)


def test_chunks_of_several_records_are_put_together_apart_and_their_bytes_given_back():
    assembly = Assembly(largest=10, limit=20)
    assert added(assembly, 1, 4, b"ab") is None
    assert added(assembly, 2, 3, b"xy") is None
    assert assembly.held == 7
    assert added(assembly, 1, 4, b"cd") == b"abcd"
    assert assembly.held == 3
    assert added(assembly, 2, 3, b"z") == b"xyz"
    assert assembly.held == 0


def test_a_record_as_large_as_was_agreed_is_taken_and_one_byte_more_is_not():
    assert added(Assembly(largest=3, limit=9), 1, 3, b"abc") == b"abc"
    with pytest.raises(BadFrame, match="large record of 4 bytes"):
        added(Assembly(largest=3, limit=9), 1, 4, b"abc")


def test_records_that_fill_the_bound_together_are_taken_and_one_byte_more_is_not():
    assembly = Assembly(largest=9, limit=10)
    for stream, size in ((1, 6), (2, 4)):
        assert added(assembly, stream, size, b"a") is None
    with pytest.raises(BadFrame, match="large record of 1 bytes beside 10, of at most 10"):
        added(assembly, 3, 1, b"a")
    assert assembly.held == 10


def test_a_chunk_that_goes_past_the_end_of_its_record_is_refused():
    assembly = Assembly(largest=9, limit=9)
    assert added(assembly, 1, 4, b"abc") is None
    with pytest.raises(BadFrame, match="chunk of 2 bytes after 3 of 4"):
        added(assembly, 1, 4, b"de")


@pytest.mark.parametrize("said", [3, 5])
def test_a_chunk_that_gives_its_record_another_size_is_refused(said):
    assembly = Assembly(largest=9, limit=9)
    assert added(assembly, 1, 4, b"ab") is None
    with pytest.raises(BadFrame, match=f"after 2 of {said}"):
        added(assembly, 1, said, b"c")


def test_the_number_of_a_finished_record_begins_a_new_one():
    assembly = Assembly(largest=9, limit=9)
    assert [added(assembly, 1, 2, b"ab"), added(assembly, 1, 3, b"cde")] == [b"ab", b"cde"]
    assert assembly.held == 0
