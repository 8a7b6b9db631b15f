"""Open a GitHub issue for what opened: azml-audit scan … --on-change 'python github_issue.py'.

GITHUB_REPOSITORY is OWNER/NAME, GITHUB_TOKEN may write issues of it.
"""

import json
import os
import sys
import urllib.request

change = json.load(sys.stdin)
if not change["opened"]:
    sys.exit(0)
lines = [f"- {row['severity']} {row['check_id']}: `{row['resource_id']}`" for row in change["opened"][:50]]
issue = {
    "title": f"azml-audit: {len(change['opened'])} findings opened",
    "body": "\n".join([f"Compared with {change['baseline']}.", "", *lines]),
}
request = urllib.request.Request(
    f"https://api.github.com/repos/{os.environ['GITHUB_REPOSITORY']}/issues",
    data=json.dumps(issue).encode(),
    headers={
        "Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}",
        "Accept": "application/vnd.github+json",
    },
)
with urllib.request.urlopen(request, timeout=60) as answer:
    print(json.load(answer)["html_url"])
