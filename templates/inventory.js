const textsOf = (list) => list.map((row) => row.map(text));

function titled(title, heads, list) {
  return list.length ? [element("h4", {}, title + " (" + list.length + ")"), table(title, heads, list)] : [];
}

function dependencyRow([role, id, read, access, action, endpoints]) {
  const name = element("bdi", { title: id }, (id ?? "").split("/").pop());
  return [role, name, read === "read" ? read : element("span", { class: "unread" }, mark("unknown"), isolated(read)), access, action, endpoints];
}

// A Project has no dependencies of its own, so those of its hub are shown.
function inventoryOf(workspace) {
  const dependencies = (workspaces.get(workspace.hub) ?? workspace).dependencies;
  const of = workspace.hub ? "Dependencies of its hub" : "Dependencies";
  return [
    ...titled(of, ["Role", "Resource", "Read", "Public access", "Firewall default", "Approved private endpoints"], textsOf(dependencies).map(dependencyRow)),
    ...titled("Computes", ["Compute", "Type", "Public address", "Network", "Local authentication", "SSH from outside"], textsOf(workspace.computes)),
    ...titled("Online, batch and serverless endpoints", ["Endpoint", "Type", "Public access", "Authentication"], textsOf(workspace.endpoints)),
    quietLine(workspace, dependencies),
  ];
}

function quietLine(workspace, dependencies) {
  const types = textsOf(workspace.endpoints).map(([, type]) => type + " endpoints");
  const has = (kind) => ({ dependencies, computes: workspace.computes })[kind]?.length || types.includes(kind);
  const kinds = (sign, isListed) => merged(details.kinds.filter((kind, at) => workspace.read[at] === sign && Boolean(has(kind)) === isListed));
  const groups = [["Could not be read", kinds("n", false), "ask"], ["Could not be read completely", kinds("n", true), "ask"], ["Unknown", kinds("?", false), "ask"],
    ["None", kinds("y", false)], ["Not collected by the chosen policies", kinds("-", false)]].filter(([, names]) => names.length);
  return groups.length ? element("p", { class: "quiet" }, ...groups.map(([word, names, kind]) => element("span", { class: kind }, word + ": " + names.join(", ") + ". "))) : null;
}

function merged(kinds) {
  const apart = kinds.filter((kind) => kind.endsWith(" endpoints"));
  return apart.length < 3 ? kinds : [...kinds.filter((kind) => !apart.includes(kind)), "online, batch and serverless endpoints"];
}
