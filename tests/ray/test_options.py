"""What cannot be the options of a system on Ray is refused when it is made, with a word on what to do."""

from typing import Any

import pytest

from actors import SettingsError, System


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "shop", "detached": True, "address": "local"}, "ray start --head"),
        ({"attach": "shop", "address": "local"}, "ray start --head"),
        ({"detached": True, "address": "head:6379"}, "found by its name"),
        ({"name": "shop", "attach": "shop", "detached": True}, "Leave one"),
        ({"name": "a:b", "detached": True}, "no colon"),
        ({"namespace": "north/west"}, "'north/west' has a slash"),
        ({"name": "shop", "namespace": "north/west", "detached": True}, "'north/west' has a slash"),
        ({"attach": "shop", "namespace": "north/west"}, "'north/west' has a slash"),
    ],
)
def test_options_that_cannot_be_are_refused_before_anything_is_started(options: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        System(on="ray", **options)
