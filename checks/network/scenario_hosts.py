"""The hosts that documented scenarios need.

From "Workspace managed virtual network isolation", section "List of scenario specific outbound rules"
(https://learn.microsoft.com/azure/machine-learning/how-to-managed-network), read 2026-11.
"""

from __future__ import annotations

from typing import Final

PACKAGE_HOSTS: Final = (
    "anaconda.com", "*.anaconda.com", "*.anaconda.org", "pypi.org", "*.pythonhosted.org", "pytorch.org",
    "*.pytorch.org", "*.tensorflow.org",
)  # fmt: skip
"""Python packages. The page has `*.pythonhosted.org` in the note on `pypi.org`."""

VS_CODE_HOSTS: Final = (
    "*.vscode.dev", "vscode.blob.core.windows.net", "*.gallerycdn.vsassets.io", "*.vscode-unpkg.net",
    "*.vscode-cdn.net", "*.vscodeexperiments.azureedge.net", "default.exp-tas.com", "code.visualstudio.com",
    "update.code.visualstudio.com", "*.vo.msecnd.net", "marketplace.visualstudio.com",
    "vscode.download.prss.microsoft.com",
)  # fmt: skip
"""VS Code. The page of 2024-08 also had `raw.githubusercontent.com`. Later pages do not."""

HUGGING_FACE_HOSTS: Final = (
    "docker.io", "*.docker.io", "*.docker.com", "production.cloudflare.docker.com", "cdn.auth0.com",
    "cdn-lfs.huggingface.co",
)  # fmt: skip
"""Hugging Face models."""

DOCUMENTED_HOSTS: Final = frozenset((*PACKAGE_HOSTS, *VS_CODE_HOSTS, *HUGGING_FACE_HOSTS))
"""Every host and wildcard that the page names exactly. The checks of outbound rules admit them."""
