"""The suites are modules of their own: let their asserts explain themselves as those of tests do."""

import pytest

for _suite in (
    "connector_suite",
    "reading_suite",
    "relations_suite",
    "writing_suite",
    "trouble_suite",
    "life_suite",
):
    pytest.register_assert_rewrite(f"tests.contract.{_suite}")
