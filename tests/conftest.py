"""What every test may use: see the modules for what each brings."""

pytest_plugins = ["tests.support.skips", "tests.support.gemini"]
