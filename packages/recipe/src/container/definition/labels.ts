/**
 * Labels as definition files and `$APPTAINER_LABELS` have them: a name, and behind blanks its value, on each line.
 */
export function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const match = /^(?<name>[^\s#]\S*)(?:\s+(?<value>.*))?$/.exec(line.trim())?.groups;
    const name = match?.["name"];
    if (name !== undefined) labels[name] = match?.["value"] ?? "";
  }
  return labels;
}
