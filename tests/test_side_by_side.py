"""Tests that need the same Ray go to the same process, and every test goes to some."""

from pathlib import Path

import pytest

from tests.side_by_side import ALONE, LAST, ON_SHARED_RAY, SHARED_RAY, gives_way, group_of, rank

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    ("test", "group"),
    [
        ("tests/contract/test_asking.py::test_a[ray]", SHARED_RAY),
        ("tests/contract/test_asking.py::test_a[ray-request_0]", SHARED_RAY),
        ("tests/contract/test_asking.py::test_a[local-ray]", "tests/contract/test_asking.py"),
        ("tests/ray/membership/test_takeover.py::test_a", SHARED_RAY),
        ("tests/ray/system/test_programs.py::test_a", "tests/ray/system/test_programs.py"),
        ("tests/ray/test_partitions.py::test_a[cut]", "tests/ray/test_partitions.py"),
        ("tests/actors/mail/test_mailbox.py::test_a", "tests/actors/mail/test_mailbox.py"),
    ],
)
def test_tests_on_the_shared_ray_are_one_group_and_others_one_for_each_file(test: str, group: str) -> None:
    assert group_of(test) == group


def test_the_shared_ray_begins_first_then_programs_and_what_needs_a_jaeger_comes_last() -> None:
    groups = [SHARED_RAY, "tests/ray/test_partitions.py", "tests/actors/mail/test_mailbox.py", *LAST]
    assert [rank(group) for group in groups] == [0, 1, 2, *[3] * len(LAST)]


def test_the_last_of_three_processes_gives_way_and_of_two_none() -> None:
    assert [gives_way(f"gw{number}", 3) for number in range(3)] == [False, False, True]
    assert not any(gives_way(f"gw{number}", 2) for number in range(2))


@pytest.mark.parametrize("path", [*ON_SHARED_RAY, *ALONE, *LAST])
def test_a_place_that_is_named_exists(path: str) -> None:
    assert (ROOT / path).exists()
