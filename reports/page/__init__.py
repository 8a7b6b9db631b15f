"""The HTML pages. Each module makes one part of a page:

- `html_page` and `drift_page` render the two pages, with `environment`;
- `policy_cards`, `heat_map` and `workspace_rows` make the sections of `templates/report.html`;
- `details` makes the JSON that the script shows when a workspace is opened: its findings (`findings`), the
  values of their fixes (`fixes`), and its dependencies, computes and endpoints (`inventory`).
"""
