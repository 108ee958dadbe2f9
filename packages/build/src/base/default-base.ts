/** The base that `auto` tries when the recipe names none. */
export const defaultOciBase = "docker://docker.io/library/debian:trixie-slim";
