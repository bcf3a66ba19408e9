"""Runs in a browser: a cell of the matrix opens its pictures, and two are put side by side."""

import pytest

pytestmark = pytest.mark.slow


def test_a_cell_opens_its_pictures(studio, open_page, finished_run, find_barriers):
    with open_page(studio, f"runs/{finished_run.folder.name}?lang=ko") as page:
        page.wait_for_selector("#charts svg")
        page.click("#answer")
        page.wait_for_selector(".matrix button:not(:disabled)")
        cell = page.locator(".matrix button:not(:disabled)").first
        count = int(cell.inner_text())
        cell.click()
        assert page.locator(".gallery li").count() == count
        page.wait_for_function("() => document.querySelector('.gallery img').naturalWidth > 0")
        assert find_barriers(page) == []


def test_its_report_is_shown_within(studio, open_page, finished_run):
    with open_page(studio, f"runs/{finished_run.folder.name}/pages/report.html", width=390) as page:
        assert page.frame_locator("iframe").locator("h1").count() == 1


def test_a_run_that_is_not_there_leads_back(studio, open_page):
    with pytest.raises(AssertionError, match="404"), open_page(studio, "runs/none") as page:
        assert "there is no run 'none'" in page.locator(".lead").inner_text()
