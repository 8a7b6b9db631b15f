"""Send an e-mail about a change: azml-audit scan … --on-change 'python mail.py'.

SMTP_HOST relays the message, MAIL_FROM and MAIL_TO are its addresses. SMTP_PORT is 25 by default.
"""

import json
import os
import smtplib
import sys
from email.message import EmailMessage

change = json.load(sys.stdin)
message = EmailMessage()
message["From"], message["To"] = os.environ["MAIL_FROM"], os.environ["MAIL_TO"]
message["Subject"] = (
    f"azml-audit: {len(change['opened'])} opened, {len(change['closed'])} closed, {len(change['unknown'])} unknown now"
)
lines = [
    f"{word}: {row['severity']} {row['check_id']} {row['resource_id']}"
    for word in ("opened", "closed", "unknown")
    for row in change[word][:50]
]
message.set_content("\n".join(lines) + "\n")
with smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ.get("SMTP_PORT", "25")), timeout=60) as server:
    server.send_message(message)
