/** The uv that a rendered recipe takes; our own build mounts the same version. */
export const uvVersion = "0.13.9";

/** The image of uv's makers that holds nothing but `/uv` and `/uvx`. */
export const uvImage: string = `ghcr.io/astral-sh/uv:${uvVersion}`;
