import { formatMarker, type Marker } from "../marker/marker.ts";
import { type MarkerEnvironment, simplifyMarker } from "../marker/simplify-marker.ts";

/** A dependency in a lock: on a package, with some of its extras, perhaps only somewhere. */
export interface Edge<Node> {
  readonly to: Node;
  /** Extras of the package that are wanted with it. */
  readonly extras: readonly string[];
  readonly marker?: Marker;
}

/** One of the ways to a package: all of these must hold in the image. */
type Way = ReadonlyMap<string, Marker>;

/**
 * Finds the packages that are needed in an environment.
 * @param edgesOf what a package needs by itself (`undefined`), and for one of its extras
 * @returns the packages in the order in which they were met, each with the marker that only the image can decide;
 * `undefined` for a package that is needed whatever it says
 */
export function walkDependencies<Node>(
  roots: readonly Edge<Node>[],
  edgesOf: (node: Node, extra: string | undefined) => readonly Edge<Node>[],
  environment: MarkerEnvironment,
): ReadonlyMap<Node, string | undefined> {
  const ways = new Map<Node, Map<string | undefined, Way[]>>();
  const open: { readonly edge: Edge<Node>; readonly way: Way }[] = roots.map((edge) => ({ edge, way: new Map() }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const way = goAlong(next.edge.marker, next.way, environment);
    if (way === undefined) continue;
    const { to } = next.edge;
    const known = ways.get(to) ?? new Map<string | undefined, Way[]>();
    ways.set(to, known);
    for (const part of [undefined, ...next.edge.extras]) {
      const before = known.get(part) ?? [];
      // a way with fewer conditions leads wherever this one does
      if (before.some((other) => [...other.keys()].every((text) => way.has(text)))) continue;
      known.set(part, [...before, way]);
      for (const edge of edgesOf(to, part)) open.push({ edge, way });
    }
  }
  return new Map([...ways].map(([node, known]) => [node, markerOf(known.get(undefined) ?? [])]));
}

/** @returns the way with the marker's open part added, `undefined` when it ends here */
function goAlong(marker: Marker | undefined, way: Way, environment: MarkerEnvironment): Way | undefined {
  const result = marker === undefined ? true : simplifyMarker(marker, environment);
  if (typeof result === "boolean") return result ? way : undefined;
  return new Map([...way, [formatMarker(result), result]]);
}

function markerOf(ways: readonly Way[]): string | undefined {
  if (ways.some((way) => way.size === 0)) return undefined;
  const alternatives = ways.map((way): Marker => combine("and", [...way.values()]));
  return formatMarker(combine("or", alternatives));
}

function combine(kind: "and" | "or", parts: readonly Marker[]): Marker {
  const [first] = parts;
  return parts.length === 1 && first !== undefined ? first : { kind, parts };
}
