# SPDX-License-Identifier: GPL-2.0-or-later
"""A headless Chromium that opens reports, and what a user does in it."""
from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any, Callable, Optional

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

WAIT_SECONDS = 20
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
         "--disable-background-networking", "--force-color-profile=srgb", "--window-size=1440,900")


def start() -> webdriver.Chrome:
    """Chromium, by Debian's driver for it. Both are there, or this says what to do."""
    driver, chromium = shutil.which("chromedriver"), shutil.which("chromium") or shutil.which("chromium-browser")
    assert driver and chromium, "no Chromium, or no driver for it: run 'scripts/setup --test'"
    options = Options()
    options.binary_location = chromium
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(service=Service(driver), options=options)


class Page:
    """One report in the browser."""

    def __init__(self, driver: webdriver.Chrome, file: Path) -> None:
        self.driver = driver
        self.url = file.as_uri()

    def open(self, where: str = "", width: int = 1440, height: int = 900, mobile: bool = False,
             dark: bool = False) -> Page:
        """Load it, on a screen of this size."""
        self.screen(width, height, mobile)
        self.media(dark=dark)
        self.driver.get("about:blank")
        self.driver.get_log("performance")
        self.driver.get_log("browser")
        self.driver.get(self.url + where)
        self.wait("the first picture", lambda: self["map"].get_attribute("data-snapshot") is not None)
        return self

    def screen(self, width: int, height: int, mobile: bool = False) -> None:
        """A screen of this size; a phone's has two pixels for one, and is touched."""
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 2 if mobile else 1, "mobile": mobile})
        self.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": mobile})

    def media(self, dark: bool = False, kind: str = "") -> None:
        """What the system prefers, and on what the page is shown."""
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": kind, "features": [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})

    def __getitem__(self, name: str) -> WebElement:
        """An element by its id."""
        return self.driver.find_element(By.ID, name)

    def all(self, selector: str) -> list[WebElement]:
        """Elements by a CSS selector."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, name: str) -> str:
        """All text of an element, seen or not."""
        return self.js("return document.getElementById(arguments[0]).textContent", name)

    def js(self, script: str, *args: Any) -> Any:
        """Run a script."""
        return self.driver.execute_script(script, *args)

    def wait(self, what: str, condition: Callable[[], Any]) -> Any:
        """Until something holds."""
        end = time.monotonic() + WAIT_SECONDS
        while True:
            found = condition()
            if found:
                return found
            assert time.monotonic() < end, f"waited for {what}; the console has {self.driver.get_log('browser')}"
            time.sleep(0.02)

    def drawn(self) -> None:
        """Until what was asked for is on the screen."""
        self.driver.execute_async_script("const done = arguments[0]; requestAnimationFrame(() => "
                                         "requestAnimationFrame(() => done()))")

    def click(self, selector: str) -> None:
        """As a program of the page would: nothing has to be in sight for it."""
        self.js("document.querySelector(arguments[0]).click()", selector)
        self.drawn()

    def find(self, text: str) -> str:
        """Search for something; what is said then."""
        self.js("document.getElementById('query').value = arguments[0]; "
                "document.getElementById('search').requestSubmit()", text)
        self.drawn()
        return self.text("found")

    def show(self, number: int) -> None:
        """Go to a snapshot, counted from 0."""
        self.js("const slider = document.getElementById('phase'); slider.value = arguments[0]; "
                "slider.dispatchEvent(new Event('input'))", number)
        self.drawn()
        assert self.text("phase-number").startswith(f"{number + 1} of ")

    def rows(self, table: str) -> list[list[str]]:
        """Cells of the rows of a table's bodies, what changed not in them."""
        return self.js("""const rows = document.querySelectorAll(`#${arguments[0]} tbody tr, tbody#${arguments[0]} tr`);
            return [...rows].map((row) => [...row.children].map((cell) => {
                const copy = cell.cloneNode(true);
                copy.querySelectorAll('.delta').forEach((each) => each.remove());
                return copy.textContent.trim();
            }))""", table)

    def pixels(self, x: float, y: float, width: int = 1, height: int = 1) -> list[str]:
        """Colours of the map, from a place on it, row by row."""
        data = self.js("""const map = document.getElementById('map'), scale = map.width / map.clientWidth;
            const copy = document.createElement('canvas');      // to read the page's own often makes it slow
            copy.width = arguments[2];
            copy.height = arguments[3];
            const context = copy.getContext('2d', {willReadFrequently: true});
            context.drawImage(map, -Math.floor(arguments[0] * scale), -Math.floor(arguments[1] * scale));
            return [...context.getImageData(0, 0, arguments[2], arguments[3]).data]""", x, y, width, height)
        return ["#{:02x}{:02x}{:02x}".format(*data[at:at + 3]) for at in range(0, len(data), 4)]

    def complaints(self) -> list[str]:
        """What the console has, and what was asked of anything but the file."""
        found = [entry["message"] for entry in self.driver.get_log("browser")]
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                url = message["params"]["request"]["url"]
                if not url.startswith((self.url, "about:")):
                    found.append(f"asked for {url}")
        return found


def number(text: str) -> Optional[int]:
    """A number as the page groups it; None when it is none."""
    plain = text.replace("\u202f", "").replace("\u2212", "-")
    return int(plain) if plain.lstrip("+-").isdigit() else None
