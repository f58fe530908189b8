"""The frame reader: any split of a byte stream gives the same frames, and no length beyond the limit is believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.links.frames import LARGEST_FRAME, LENGTH
from actors.links.reader import FrameReader, Oversized


def feed(reader: FrameReader, data: bytes, sizes: list[int]) -> list[bytes]:
    frames: list[bytes] = []
    turn = 0
    while data:
        space = reader.space()
        count = min(len(data), len(space), sizes[turn % len(sizes)])
        turn += 1
        space[:count] = data[:count]
        data = data[count:]
        reader.filled(count)
        while (frame := reader.next()) is not None:
            frames.append(bytes(frame))
    return frames


def framed(bodies: list[bytes]) -> bytes:
    return b"".join(LENGTH.pack(len(body)) + body for body in bodies)


@given(st.lists(st.binary(max_size=300), max_size=20), st.lists(st.integers(1, 400), min_size=1, max_size=5))
def test_frames_do_not_depend_on_how_the_stream_is_split(bodies: list[bytes], sizes: list[int]) -> None:
    assert feed(FrameReader(300), framed(bodies), sizes) == bodies


def test_the_buffer_grows_for_the_largest_frame_among_small_ones() -> None:
    bodies = [b"a" * 10, b"b" * LARGEST_FRAME, b"c" * 100_000, b"", b"d" * LARGEST_FRAME]
    assert feed(FrameReader(LARGEST_FRAME), framed(bodies), [70_001, 13, 200_000]) == bodies


def test_an_oversized_length_is_refused_before_its_bytes_come() -> None:
    reader = FrameReader(1000)
    with pytest.raises(Oversized, match="1001"):
        feed(reader, LENGTH.pack(1001), [4])


def test_a_frame_that_was_waiting_survives_a_higher_limit() -> None:
    reader = FrameReader(50)
    assert feed(reader, framed([b"one"]) + LENGTH.pack(5) + b"tw", [100]) == [b"one"]
    reader.allow(LARGEST_FRAME)
    assert feed(reader, b"o..", [100]) == [b"two.."]


def test_there_is_always_room_to_read_to_however_exactly_a_frame_fills_the_buffer() -> None:
    reader = FrameReader(60)
    frame = framed([bytes(60)])
    for _ in range(3):
        space = reader.space()
        assert len(space) == len(frame)
        space[:] = frame
        reader.filled(len(frame))
        assert reader.next() == bytes(60)
        assert reader.next() is None
