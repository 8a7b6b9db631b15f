"""Find the texts of a page that a reader cannot see: wider than the window, or cut by their box without a hint."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

_CLIPPED = """() => {
  const isHinted = (box) => getComputedStyle(box).textOverflow === "ellipsis" ||
    [...box.querySelectorAll(".hint")].some((hint) => hint.checkVisibility());
  const isAside = (element) => {
    const aside = element.closest(".skip, .sprite, thead");
    return aside && getComputedStyle(aside).position === "absolute";
  };
  const cut = (element) => {
    const { overflowX, display } = getComputedStyle(element);
    const isBox = overflowX !== "visible" && display !== "inline";
    return isBox && element.scrollWidth > element.clientWidth + 1 && !isHinted(element);
  };
  const over = (node, element) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    const lines = [...range.getClientRects()].filter(({ width }) => width);
    for (let box = element; box && !isHinted(box); box = box.parentElement) {
      const edge = box === document.body ? innerWidth : box.getBoundingClientRect().right;
      const isEdge = box === document.body || box.matches("td, th, figure, pre, .scroll");
      if (isEdge && lines.some(({ left, right }) => right > edge + 1.5 || left < -1)) return box;
    }
    return null;
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    if (!element.checkVisibility() || isAside(element)) continue;
    if (cut(element)) found.push(["cut", element.outerHTML.slice(0, 160)]);
    for (const node of element.childNodes) {
      const box = node.nodeType === Node.TEXT_NODE && node.data.trim() ? over(node, element) : null;
      if (box) found.push(["over", node.data.trim().slice(0, 60), box.outerHTML.slice(0, 100)]);
    }
  }
  return found.slice(0, 20);
}"""


def clipped(page: Page) -> list[list[str]]:
    """Return the first elements whose text is cut, or leaves its cell or the window."""
    found: list[list[str]] = page.evaluate(_CLIPPED)
    return found
