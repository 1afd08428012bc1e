"""The HTML report in a browser: it asks nothing of the network, runs its script, filters, and prints."""

import shutil

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

FILES = {
    "Dockerfile": "FROM amd64/debian:12\n",
    "b/Dockerfile": "FROM --platform=linux/amd64 debian:12\nRUN true\n",
    "c/Dockerfile": "FROM amd64/<img src=x onerror=alert(1)>\n",
}


@pytest.fixture(scope="module")
def browser():
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1200,1600"):
        options.add_argument(argument)
    options.binary_location = shutil.which("chromium") or ""
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    yield driver
    driver.quit()


@pytest.fixture
def page(run, tmp_path, browser):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    report = tmp_path / "report.html"
    run("scan", "--format", "html", "--output", str(report), "--min-severity", "info", cwd=tmp_path)
    browser.get_log("performance")
    browser.get(report.as_uri())
    return browser


def shown(page) -> int:
    return sum(each.is_displayed() for each in page.find_elements(By.CSS_SELECTOR, ".finding"))


def test_the_script_runs_and_nothing_else(page):
    assert page.find_element(By.ID, "filters").is_displayed()
    assert [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"] == []
    requests = [entry["message"] for entry in page.get_log("performance") if '"Network.requestWillBeSent"' in entry["message"]]
    assert all('"url":"file:' in each for each in requests)
    assert page.find_elements(By.TAG_NAME, "img") == []


def test_filters(page):
    total = shown(page)
    assert total >= 2
    Select(page.find_element(By.NAME, "rule")).select_by_value("DF110")
    assert 0 < shown(page) < total
    assert f"of {total} findings" in page.find_element(By.ID, "count").text
    page.find_element(By.CSS_SELECTOR, "button[type=reset]").click()
    page.find_element(By.NAME, "text").send_keys("b/no such")
    assert shown(page) == 0
    assert not any(each.is_displayed() for each in page.find_elements(By.CSS_SELECTOR, ".file"))


def test_light_and_dark(page):
    def background() -> str:
        return page.execute_script("return getComputedStyle(document.body).backgroundColor")

    before = background()
    page.find_element(By.ID, "theme").click()
    assert background() != before


@pytest.mark.parametrize("width", [320, 390, 1200])
def test_nothing_sticks_out_on_a_phone(page, width):
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": True})
    page.refresh()
    wide = page.execute_script("return document.documentElement.scrollWidth")
    page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert wide <= width


def test_print(page):
    def paper() -> str:
        return page.execute_script("return getComputedStyle(document.body).backgroundColor")

    if page.execute_script("return document.documentElement.dataset.theme") != "dark":
        page.find_element(By.ID, "theme").click()
    total = shown(page)
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    on_paper = (paper(), shown(page), page.find_element(By.ID, "filters").is_displayed(), page.find_element(By.ID, "theme").is_displayed())
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert on_paper == ("rgb(255, 255, 255)", total, False, False)


def test_readable_without_script(page):
    page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    page.refresh()
    assert shown(page) >= 2
    assert not page.find_element(By.ID, "filters").is_displayed()
    page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
