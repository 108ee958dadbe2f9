import type { Layout } from "../layout.ts";
import { takeLock, type LockOptions } from "./store-lock.ts";

/** A result that several processes may want at once. */
export interface ComputeOnceOptions<T> extends LockOptions {
  /** Looks for the finished result. @returns undefined when it is not there */
  readonly find: () => Promise<T | undefined>;
  /** Makes the result and stores it where `find` looks. */
  readonly work: () => Promise<T>;
}

/**
 * Gives a result that is made once, however many processes ask for it at the same time: the others wait.
 * When the work fails, the next in the queue tries it.
 * @param key names the result
 */
export async function computeOnce<T>(layout: Layout, key: string, options: ComputeOnceOptions<T>): Promise<T> {
  const present = await options.find();
  if (present !== undefined) return present;
  await using _lock = await takeLock(layout, `once ${key}`, options);
  return (await options.find()) ?? (await options.work());
}
