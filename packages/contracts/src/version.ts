/**
 * Part of every key: raised whenever the same repository would give other bytes than before,
 * because a script, a pinned tool or the layout of the image changed.
 * An export of its own: a plan needs the number, but none of the schemas, which take longer to load than a plan.
 */
export const recipeVersion = 1;
