"use strict";
(async () => {
{% for part in ("page", "facts", "reach", "destination", "query", "table", "csv", "copy", "picture", "findings", "workspace", "reach_next", "reach_box", "start") %}
{% include "script/" ~ part ~ ".js" %}

{% endfor %}
})();
