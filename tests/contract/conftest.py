"""The suites' assertions explain themselves as those of test files do."""

import pytest

for _suite in (
    "connector_suite",
    "reading_suite",
    "writing_suite",
    "trouble_suite",
    "life_suite",
    "life_salesforce_suite",
):
    pytest.register_assert_rewrite(f"tests.contract.{_suite}")
