"""What holds for every test: nothing is left behind, what is skipped is said, and no test is judged by its speed."""

import signal

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.leftovers", "tests.not_proved"]

# A shared machine may stop for a second at any time; an example that took long is no failure.
settings.register_profile("understudy", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("understudy")


def pytest_configure() -> None:
    """Let Ctrl-C mean what it means at a terminal, also in a run that was started in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
