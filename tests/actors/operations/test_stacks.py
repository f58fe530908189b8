"""Stacks say where threads are and what tasks wait for, down to the innermost coroutine."""

import asyncio
import threading

from actors.operations import stacks
from actors.operations.stacks import stacks_of


async def waits_inside(event: asyncio.Event) -> None:
    await event.wait()


async def waits_outside(event: asyncio.Event) -> None:
    await waits_inside(event)


def test_a_thread_is_shown_where_it_is():
    ended, began = threading.Event(), threading.Event()

    def waits_for_the_end() -> None:
        began.set()
        ended.wait()

    thread = threading.Thread(target=waits_for_the_end, name="the-one")
    thread.start()
    began.wait()
    try:
        assert "in waits_for_the_end" in stacks_of(None)["thread the-one"]
    finally:
        ended.set()
        thread.join()


def test_a_task_is_shown_with_all_it_waits_for_and_tasks_of_one_name_are_told_apart():
    async def main() -> dict[str, str]:
        event = asyncio.Event()
        tasks = [asyncio.create_task(waits_outside(event), name="actor") for _ in range(3)]
        await asyncio.sleep(0)
        found = stacks_of(asyncio.get_running_loop(), {tasks[0]: "/oven: Bake"})
        event.set()
        await asyncio.gather(*tasks)
        return found

    found = asyncio.run(main())
    for name in ("task /oven: Bake", "task actor", "task actor (2)"):
        assert [part.split(" in ")[-1].split("\n")[0] for part in found[name].split("  File ")[1:3]] == [
            "waits_outside",
            "waits_inside",
        ]


def test_of_many_tasks_the_first_are_shown_and_the_others_counted(monkeypatch):
    monkeypatch.setattr(stacks, "MOST_TASKS", 2)

    async def main() -> dict[str, str]:
        event = asyncio.Event()
        tasks = [asyncio.create_task(event.wait()) for _ in range(5)]
        await asyncio.sleep(0)
        found = stacks_of(asyncio.get_running_loop())
        event.set()
        await asyncio.gather(*tasks)
        return found

    assert asyncio.run(main())["more tasks"] == "4 tasks are not shown.\n"
