#!/bin/sh
# Teams or Slack: azml-audit scan … --on-change 'sh webhook.sh'. WEBHOOK_URL is the address of the incoming webhook.
# Teams (Workflows) and Slack both show the member `text`.
set -eu
: "${WEBHOOK_URL:?Set WEBHOOK_URL to the address of the incoming webhook.}"
cat >/dev/null
text="azml-audit: $AZML_AUDIT_OPENED opened, $AZML_AUDIT_CLOSED closed, $AZML_AUDIT_UNKNOWN unknown now."
curl --silent --fail --max-time 60 --header 'Content-Type: application/json' \
  --data "{\"text\": \"$text Exit code $AZML_AUDIT_EXIT_CODE.\"}" "$WEBHOOK_URL"
