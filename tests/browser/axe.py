"""axe-core, the accessibility checker, run in the page as the browser shows it."""

from typing import Any

from playwright.async_api import Page

from tests.support.programs import npm_package

_RUN = """
async () => {
    const { violations } = await axe.run({ resultTypes: ["violations"] });
    return violations.map(({ id, help, nodes }) => ({
        id, help, nodes: nodes.map(({ target, failureSummary }) => `${target}: ${failureSummary}`),
    }));
}
"""


async def violations(page: Page) -> list[dict[str, Any]]:
    """What every rule of axe-core's finds, its best practices included; empty where it finds nothing."""
    if not await page.evaluate("'axe' in window"):
        package = npm_package("axe-core")
        if package is None:
            raise FileNotFoundError("axe-core is not installed: python -m tests.support.install")
        # Not as a script element, which the site's policy forbids.
        await page.evaluate(_function((package / "axe.min.js").read_text()))
    found: list[dict[str, Any]] = await page.evaluate(_RUN)
    return found


def _function(script: str) -> str:
    return f"() => {{ {script}\n }}"
