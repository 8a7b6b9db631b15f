"""Open a ServiceNow incident for what opened: azml-audit scan … --on-change 'python servicenow.py'.

SERVICENOW_INSTANCE is the host of the instance, SERVICENOW_TOKEN an OAuth token that may create incidents.
"""

import json
import os
import sys
import urllib.request

change = json.load(sys.stdin)
if not change["opened"]:
    sys.exit(0)
worst = change["opened"][0]["severity"]
incident = {
    "short_description": f"azml-audit: {len(change['opened'])} findings opened, worst {worst}",
    "description": "\n".join(
        f"{row['check_id']} {row['resource_id']}: {row['reason']}" for row in change["opened"][:50]
    ),
    "urgency": "1" if worst == "critical" else "2",
}
request = urllib.request.Request(
    f"https://{os.environ['SERVICENOW_INSTANCE']}/api/now/table/incident",
    data=json.dumps(incident).encode(),
    headers={
        "Authorization": f"Bearer {os.environ['SERVICENOW_TOKEN']}",
        "Content-Type": "application/json",
        "Accept": "application/json",
    },
)
with urllib.request.urlopen(request, timeout=60) as answer:
    print(json.load(answer)["result"]["number"])
