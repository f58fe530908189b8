"""Streams of replies: in order, no faster than they are read, ended by either side."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from actors import Actor, Failed, NotHandled, NotRunning, Ref, Streams, System, call, receive
from tests.contract.cast import Note, Recorder


class Numbers(Streams[int]):
    """Asks for so many numbers."""

    count: int


class Source(Actor):
    def __init__(self, log: Ref[Recorder]) -> None:
        self.log = log
        self.yielded = 0

    @call(interleaved=True)
    async def count_up(self, to: int) -> AsyncIterator[int]:
        try:
            for number in range(to):
                self.yielded += 1
                yield number
        finally:
            self.log.tell(Note("closed"))

    @receive
    async def numbers(self, request: Numbers) -> AsyncIterator[int]:
        for number in range(request.count):
            yield number

    @call
    async def fails(self, after: int) -> AsyncIterator[int]:
        for number in range(after):
            yield number
        raise ValueError("planned")

    @call(interleaved=True)
    async def so_far(self) -> int:
        return self.yielded

    @call
    def plain(self) -> int:
        return 1


def test_a_stream_gives_every_item_in_order(system: System) -> None:
    async def main(system: System) -> None:
        source = await system.spawn(Source, await system.spawn(Recorder))
        assert [it async for it in source.stream(Source.count_up(500))] == list(range(500))
        assert [it async for it in source.stream(Numbers(3))] == [0, 1, 2]
        assert [it async for it in source.stream(Numbers(0))] == []

    system.run(main)


def test_a_writer_gets_ahead_of_its_reader_by_no_more_than_the_window(system: System) -> None:
    async def main(system: System) -> None:
        source = await system.spawn(Source, await system.spawn(Recorder))
        stream = source.stream(Source.count_up(10_000))
        assert await anext(stream) == 0
        for _ in range(20):
            assert await source.ask(Source.so_far()) <= 70
        await stream.aclose()  # type: ignore[attr-defined]

    system.run(main)


def test_a_reader_that_leaves_ends_the_handler(system: System) -> None:
    async def main(system: System) -> None:
        log = await system.spawn(Recorder)
        source = await system.spawn(Source, log)
        stream = source.stream(Source.count_up(10_000))
        async for number in stream:
            if number == 5:
                break
        await stream.aclose()  # type: ignore[attr-defined]
        assert await log.ask(Recorder.until(1)) == ["closed"]

    system.run(main)


def test_a_handler_that_fails_fails_the_stream_after_what_it_gave(system: System) -> None:
    async def main(system: System) -> None:
        source = await system.spawn(Source, await system.spawn(Recorder))
        seen = []
        with pytest.raises(Failed, match="planned"):  # noqa: PT012
            async for number in source.stream(Source.fails(3)):
                seen.append(number)  # noqa: PERF401 - what came before the error counts
        assert seen == [0, 1, 2]

    system.run(main)


def test_a_stream_of_a_stopped_actor_and_of_a_handler_that_replies_once_say_so(system: System) -> None:
    async def main(system: System) -> None:
        source = await system.spawn(Source, await system.spawn(Recorder))
        with pytest.raises((TypeError, NotHandled), match="Use `ref.ask"):
            await anext(source.stream(Source.plain()))  # type: ignore[arg-type]
        with pytest.raises(NotHandled, match="Use `ref.stream"):
            await source.ask(Source.count_up(3))  # type: ignore[arg-type]
        await system.stop_actor(source)
        with pytest.raises(NotRunning):
            await anext(source.stream(Numbers(3)))

    system.run(main)


def test_a_stopped_actor_ends_its_streams(system: System) -> None:
    async def main(system: System) -> None:
        source = await system.options(stop_budget=0.01).spawn(Source, await system.spawn(Recorder))
        stream = source.stream(Source.count_up(10_000))
        assert await anext(stream) == 0
        await system.stop_actor(source)
        with pytest.raises(Exception, match="stopped"):  # noqa: PT012
            async for _ in stream:
                await asyncio.sleep(0)

    system.run(main)
