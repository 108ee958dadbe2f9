/** The OpenPGP program library: 100 ms to load, which only commands about keys and signatures should pay. */
export function loadOpenpgp(): Promise<typeof import("openpgp")> {
  return import("openpgp");
}
